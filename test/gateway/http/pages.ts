import { STATUS_CODES } from 'node:http'

/** `Server` header of every answer: `ver_header` in apisix/init.lua. */
export const SERVER = 'APISIX/3.18.0'

/** Titles of nginx's special responses where they differ from Node's status texts. */
const TITLES: Record<number, string> = {
  302: '302 Found',
  408: '408 Request Time-out',
  413: '413 Request Entity Too Large',
  414: '414 Request-URI Too Large',
  416: '416 Requested Range Not Satisfiable',
  503: '503 Service Temporarily Unavailable',
  504: '504 Gateway Time-out',
}

const WITH_PAGE = new Set([
  301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416,
  421, 429, 500, 501, 502, 503, 504, 505, 507,
])

/** Statuses after which nginx's special response closes the connection (ngx_http_special_response.c). */
const CLOSING = new Set([400, 413, 414, 495, 496, 497, 500, 501])

export function closesConnection(status: number): boolean {
  return CLOSING.has(status)
}

/** The HTML page nginx sends for an error nobody gave a body, with the footer of APISIX-Runtime. */
export function errorPage(status: number): string | undefined {
  if (!WITH_PAGE.has(status)) return undefined
  const title = TITLES[status] ?? `${status} ${STATUS_CODES[status] ?? ''}`
  return [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '<hr><center>openresty</center>',
    '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p></body>',
    '</html>',
    '',
  ].join('\r\n')
}

/** Reason phrases as nginx writes them on the status line. */
export function reasonPhrase(status: number): string {
  return TITLES[status]?.slice(4) ?? STATUS_CODES[status] ?? ''
}

/** Content types that `charset utf-8` completes: nginx's default charset_types. */
const CHARSET_TYPES = new Set([
  'text/html',
  'text/xml',
  'text/plain',
  'text/vnd.wap.wml',
  'application/javascript',
  'application/rss+xml',
])

/** `charset utf-8` of APISIX's nginx.conf. */
export function withCharset(contentType: string): string {
  return CHARSET_TYPES.has(contentType.toLowerCase()) ? `${contentType}; charset=utf-8` : contentType
}
