/**
 * Slots of the tables in schemas/ext-plugin.fbs: the n-th field of a table has slot n; a union takes two slots, its
 * type and its value. test/wire/layout.test.ts reads the schema and fails on any difference.
 */
export const LAYOUT = {
  'TextEntry.TextEntry': { name: 0, value: 1 },
  'Err.Resp': { code: 0 },
  'PrepareConf.Req': { conf: 0, key: 1 },
  'PrepareConf.Resp': { conf_token: 0 },
  'HTTPReqCall.Req': { id: 0, src_ip: 1, method: 2, path: 3, args: 4, headers: 5, conf_token: 6 },
  'HTTPReqCall.Stop': { status: 0, headers: 1, body: 2 },
  'HTTPReqCall.Rewrite': { path: 0, headers: 1, args: 2, resp_headers: 3, body: 4 },
  'HTTPReqCall.Resp': { id: 0, action_type: 1, action: 2 },
  'ExtraInfo.Var': { name: 0 },
  'ExtraInfo.ReqBody': {},
  'ExtraInfo.RespBody': {},
  'ExtraInfo.Req': { info_type: 0, info: 1 },
  'ExtraInfo.Resp': { result: 0 },
  'HTTPRespCall.Req': { id: 0, status: 1, headers: 2, conf_token: 3 },
  'HTTPRespCall.Resp': { id: 0, status: 1, headers: 2, body: 3 },
} as const

export const ENUMS = {
  'Err.Code': ['BAD_REQUEST', 'SERVICE_UNAVAILABLE', 'CONF_TOKEN_NOT_FOUND'],
  'HTTPReqCall.Method': [
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'MKCOL',
    'COPY',
    'MOVE',
    'OPTIONS',
    'PROPFIND',
    'PROPPATCH',
    'LOCK',
    'UNLOCK',
    'PATCH',
    'TRACE',
  ],
} as const

/** Union members; the type slot holds index + 1, 0 means none. */
export const UNIONS = {
  'HTTPReqCall.Action': ['Stop', 'Rewrite'],
  'ExtraInfo.Info': ['Var', 'ReqBody', 'RespBody'],
} as const
