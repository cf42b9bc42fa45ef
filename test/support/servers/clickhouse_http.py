"""Serves the ClickHouse engine of the chdb package over ClickHouse's HTTP interface, as far as tests need it.

    python clickhouse_http.py --port 8123 --path /tmp/data [--password secret]

Queries run one at a time in one session that keeps its data in --path. Understood: GET and POST with `query`,
`database`, `param_<name>`, `default_format`, `query_id`, `user`, `password` and settings as URL parameters, the body as
the query or its data (also gzip or chunked), the X-ClickHouse-* request headers, Basic authorization, and /ping.
"""

import argparse
import base64
import gzip
import json
import re
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session as chdb_session

# Which HTTP status ClickHouse gives to an error code; all others are 500. By the names in ClickHouse's
# exceptionCodeToHTTPStatus: 6 CANNOT_PARSE_TEXT, 62 SYNTAX_ERROR, 60 UNKNOWN_TABLE and so on.
STATUS_OF_CODE = {
    **dict.fromkeys((192, 193, 497, 512, 516), 403),
    **dict.fromkeys((6, 8, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 72, 117, 321, 376, 427, 676, 677), 400),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336, 511), 404),
    48: 501,
    159: 408,
    194: 401,
}

CONTENT_TYPE_OF_FORMAT = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONStrings": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
}

NOT_SETTINGS = {"query", "database", "default_format", "query_id", "user", "password", "session_id", "compress"}
READS = re.compile(r"\s*\(*\s*(select|with|show|describe|desc|exists|explain)\b", re.IGNORECASE)
INSERT = re.compile(r"\s*insert\b", re.IGNORECASE)
FORMAT = re.compile(r"\bformat\s+(\w+)\s*;?\s*$", re.IGNORECASE)
# What a semicolon may hide in: strings, quoted names and comments.
HIDDEN = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


class QueryError(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Engine:
    """One session; a query's database and settings are put in place for it and taken back afterwards."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.session = chdb_session.Session(path)
        # On in the embedded engine, off in a server: `SELEC 1` would pass for `SELECT SELEC 1`.
        self.session.query("SET implicit_select = 0")
        self.version, self.timezone = str(self.session.query("select version(), timezone()", "TabSeparated")).split()

    def run(self, sql, output_format, database, settings, params):
        with self.lock:
            changed = []
            try:
                if database:
                    self.execute(f"USE {quote_name(database)}")
                for name, value in settings.items():
                    if not re.fullmatch(r"\w+", name):
                        raise QueryError(115, f"Unknown setting '{name}'. (UNKNOWN_SETTING)")
                    self.execute(f"SET {name} = {quote_text(value)}")
                    changed.append(name)
                return self.execute(sql, output_format, params)
            finally:
                for name in changed:
                    self.execute(f"SET {name} = DEFAULT")
                if database:
                    self.execute("USE default")

    def execute(self, sql, output_format="TabSeparated", params=None):
        try:
            return self.session.query(sql, output_format, params=params or None)
        except RuntimeError as error:
            text = re.sub(r"^Code: \d+\. DB::Exception: ", "", str(error))
            code = re.match(r"Code: (\d+)", str(error))
            raise QueryError(int(code.group(1)) if code else 1002, text) from None


def quote_name(name):
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quote_text(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def refuse_several_statements(sql):
    """chdb would run them all, where ClickHouse refuses. The data of an INSERT is not looked at."""
    if not INSERT.match(sql) and ";" in HIDDEN.sub("", sql).strip().rstrip(";"):
        raise QueryError(62, "Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = None
    password = ""

    def do_GET(self):
        self.handle_query(read_only=True)

    def do_POST(self):
        self.handle_query(read_only=False)

    def handle_query(self, read_only):
        started = time.monotonic()
        body = self.read_body()
        url = urlsplit(self.path)
        args = dict(parse_qsl(url.query, keep_blank_values=True))
        query_id = args.get("query_id") or str(uuid.uuid4())
        if url.path == "/ping" or (not args.get("query") and not body):
            return self.reply(200, b"Ok.\n", {"Content-Type": "text/html; charset=UTF-8"})
        headers = {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Server-Display-Name": "chdb"}
        try:
            self.check_password(args)
            try:
                text = body.decode("utf-8")
            except UnicodeDecodeError:
                raise QueryError(1001, "chdb takes text only, no binary formats. (STD_EXCEPTION)") from None
            sql = f"{args['query']}\n{text}" if args.get("query") and text else args.get("query") or text
            if read_only and not READS.match(sql):
                raise QueryError(164, "Cannot execute query in readonly mode. (READONLY)")
            refuse_several_statements(sql)
            output_format = args.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated"
            named = None if INSERT.match(sql) else FORMAT.search(sql)
            database = args.get("database") or self.headers.get("X-ClickHouse-Database")
            params = {name[6:]: value for name, value in args.items() if name.startswith("param_")}
            settings = {
                name: value
                for name, value in args.items()
                if name not in NOT_SETTINGS and not name.startswith("param_")
            }
            result = self.engine.run(sql, output_format, database, settings, params)
            used = named.group(1) if named else output_format
            headers["X-ClickHouse-Format"] = used
            headers["X-ClickHouse-Timezone"] = self.engine.timezone
            headers["Content-Type"] = CONTENT_TYPE_OF_FORMAT.get(used, "text/plain; charset=UTF-8")
            headers["X-ClickHouse-Summary"] = json.dumps(
                {
                    "read_rows": str(result.rows_read()),
                    "read_bytes": str(result.bytes_read()),
                    "written_rows": str(result.rows_written()),
                    "written_bytes": str(result.bytes_written()),
                    "elapsed_ns": str(int((time.monotonic() - started) * 1e9)),
                }
            )
            self.reply(200, result.bytes(), headers)
        except QueryError as error:
            headers["X-ClickHouse-Exception-Code"] = str(error.code)
            headers["Content-Type"] = "text/plain; charset=UTF-8"
            message = f"Code: {error.code}. DB::Exception: {error} (version {self.engine.version})\n"
            self.reply(STATUS_OF_CODE.get(error.code, 500), message.encode(), headers)

    def check_password(self, args):
        given = self.headers.get("X-ClickHouse-Key") or args.get("password") or ""
        basic = re.match(r"Basic (.+)", self.headers.get("Authorization") or "")
        if basic:
            given = base64.b64decode(basic.group(1)).decode().partition(":")[2]
        if self.password and given != self.password:
            user = self.headers.get("X-ClickHouse-User") or args.get("user") or "default"
            raise QueryError(
                516,
                f"{user}: Authentication failed: password is incorrect, or there is no user with such name."
                " (AUTHENTICATION_FAILED)",
            )

    def read_body(self):
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            body = b"".join(parts)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--path", required=True)
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    Handler.engine = Engine(options.path)
    Handler.password = options.password
    server = Server((options.host, options.port), Handler)
    print(f"listening on {options.host}:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
