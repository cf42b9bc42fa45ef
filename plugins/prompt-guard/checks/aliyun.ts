import { randomUUID } from 'node:crypto'
import { signAliyun } from './aliyun-signature.ts'
import { CheckError, type ContentService, type ServiceParts, verdictOf } from './check.ts'
import { postJson } from './post-json.ts'
import type { AliyunSettings } from './settings.ts'

const ACTION = 'TextModerationPlus'
const VERSION = '2022-03-02'
const FORM = 'application/x-www-form-urlencoded'
const RISKS: readonly unknown[] = ['none', 'low', 'medium', 'high']

/** Aliyun content moderation, TextModerationPlus: https://help.aliyun.com/document_detail/2671445.html */
export function aliyunModeration(settings: AliyunSettings, parts: ServiceParts): ContentService {
  const url = new URL(settings.endpoint ?? `https://green-cip.${settings.region}.aliyuncs.com`)
  const key = {
    id: parts.secret(settings.access_key_id_env),
    secret: parts.secret(settings.access_key_secret_env),
  }
  return {
    maxChars: settings.max_chars,
    ask: async (text, signal) => {
      const body = new URLSearchParams({
        Service: settings.service,
        ServiceParameters: JSON.stringify({ content: text }),
      }).toString()
      const headers = signAliyun(
        {
          method: 'POST',
          host: url.host,
          action: ACTION,
          version: VERSION,
          body,
          contentType: FORM,
          date: `${new Date().toISOString().slice(0, 19)}Z`,
          nonce: randomUUID(),
        },
        key,
      )
      const accepting = { ...headers, accept: 'application/json' }
      return read(await postJson({ url: `${url.origin}/`, headers: accepting, body, signal, ...parts }))
    },
  }

  function read(answer: unknown) {
    const { Code, Data } = (answer ?? {}) as { Code?: unknown; Data?: AliyunData }
    // The service answers HTTP 200 also when it refused: its own code tells.
    if (Code !== 200) throw new CheckError('status', `code ${Number(Code) || 'missing'}`)
    const levels = [Data?.RiskLevel, Data?.AttackLevel].filter((level) => level !== undefined)
    const ranks = levels.map((level) => RISKS.indexOf(level))
    if (ranks.length === 0 || ranks.includes(-1)) throw new CheckError('shape', 'no known Data.RiskLevel')
    const risk = Math.max(...ranks)
    const { Label, Confidence } = (Array.isArray(Data?.Result) ? Data.Result[0] : undefined) ?? {}
    const score = typeof Confidence === 'number' ? Confidence / 100 : undefined
    return verdictOf(risk >= RISKS.indexOf(settings.min_risk), Label, score)
  }
}

interface AliyunData {
  readonly RiskLevel?: unknown
  /** Only of the services that look for prompt attacks, such as query_security_check. */
  readonly AttackLevel?: unknown
  readonly Result?: readonly { readonly Label?: unknown; readonly Confidence?: unknown }[]
}
