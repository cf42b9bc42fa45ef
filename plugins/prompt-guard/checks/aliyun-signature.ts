import { createHash, createHmac } from 'node:crypto'

/**
 * Aliyun's request signature, version 3 (ACS3-HMAC-SHA256), for the RPC style: path `/`, no query.
 * https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
 *
 * Written out because the SDK of this product (@alicloud/green20220302) is not on the npm registry that this was
 * built with, and the generic @alicloud/openapi-client can neither be aborted nor told how much of an answer to read.
 */
export interface AliyunRequest {
  readonly method: 'POST' | 'GET'
  readonly host: string
  readonly action: string
  readonly version: string
  readonly body: string
  readonly contentType: string | undefined
  /** UTC, e.g. 2018-01-01T12:00:00Z. */
  readonly date: string
  readonly nonce: string
  /** Sorted and percent-encoded; empty without one. */
  readonly query?: string
}

export interface AliyunKey {
  readonly id: string
  readonly secret: string
}

const ALGORITHM = 'ACS3-HMAC-SHA256'

/** All headers of the request, Authorization among them. */
export function signAliyun(request: AliyunRequest, key: AliyunKey): Record<string, string> {
  const bodyHash = sha256(request.body)
  const signed: Record<string, string> = {
    ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
    host: request.host,
    'x-acs-action': request.action,
    'x-acs-content-sha256': bodyHash,
    'x-acs-date': request.date,
    'x-acs-signature-nonce': request.nonce,
    'x-acs-version': request.version,
  }
  const names = Object.keys(signed).sort()
  const canonical = [
    request.method,
    '/',
    request.query ?? '',
    ...names.map((name) => `${name}:${signed[name]?.trim()}`),
    '',
    names.join(';'),
    bodyHash,
  ].join('\n')
  const toSign = `${ALGORITHM}\n${sha256(canonical)}`
  const signature = createHmac('sha256', key.secret).update(toSign).digest('hex')
  return {
    ...signed,
    authorization: `${ALGORITHM} Credential=${key.id},SignedHeaders=${names.join(';')},Signature=${signature}`,
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
