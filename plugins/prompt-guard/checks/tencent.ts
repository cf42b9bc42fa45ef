import { boundedAgent, TOO_LARGE } from './bounded-agent.ts'
import { CheckError, type ContentService, type ServiceParts, verdictOf } from './check.ts'
import type { TencentSettings } from './settings.ts'

const HOST = 'tms.tencentcloudapi.com'
const VERDICTS: readonly unknown[] = ['Pass', 'Review', 'Block']

/**
 * Tencent Cloud TMS, TextModeration, by the official SDK: https://cloud.tencent.com/document/api/1124/51860
 * The SDK signs for the service that the first label of its host names. With an endpoint whose name does not begin
 * with `tms.` (a relay) the request keeps the service's own name, and only the connection goes elsewhere.
 */
export async function tencentModeration(
  settings: TencentSettings,
  parts: ServiceParts,
): Promise<ContentService> {
  const { tms } = await loadSdk()
  const target = new URL(settings.endpoint ?? `https://${HOST}`)
  const client = new tms.v20201229.Client({
    credential: {
      secretId: parts.secret(settings.secret_id_env),
      secretKey: parts.secret(settings.secret_key_env),
    },
    region: settings.region,
    profile: {
      signMethod: 'TC3-HMAC-SHA256',
      httpProfile: {
        endpoint: target.hostname.startsWith('tms.') ? target.hostname : HOST,
        protocol: `${target.protocol}//`,
        agent: boundedAgent({ target, maxBytes: parts.maxBytes }),
        // Seconds, and longer than any deadline: the signal decides.
        reqTimeout: 60,
      },
    },
  })
  return {
    maxChars: settings.max_chars,
    ask: async (text, signal) => {
      const params = {
        Content: Buffer.from(text, 'utf8').toString('base64'),
        ...(settings.biz_type === undefined ? {} : { BizType: settings.biz_type }),
      }
      let answer: TencentAnswer
      try {
        answer = (await client.request('TextModeration', params, { signal })) as TencentAnswer
      } catch (error) {
        throw toCheckError(error, signal)
      }
      const rank = VERDICTS.indexOf(answer?.Suggestion)
      if (rank < 0) throw new CheckError('shape', 'no Suggestion')
      const score = typeof answer.Score === 'number' ? answer.Score / 100 : undefined
      return verdictOf(rank >= (settings.review_is_violation ? 1 : 2), answer.Label, score)
    },
  }
}

interface TencentAnswer {
  readonly Suggestion?: unknown
  readonly Label?: unknown
  readonly Score?: unknown
}

async function loadSdk() {
  try {
    return await import('tencentcloud-sdk-nodejs-tms')
  } catch (cause) {
    throw new Error('the optional package tencentcloud-sdk-nodejs-tms is not installed', { cause })
  }
}

function toCheckError(error: unknown, signal: AbortSignal): CheckError {
  if (signal.aborted) return new CheckError('timeout', 'no verdict in time')
  const { message, code, httpCode } = error as { message?: string; code?: unknown; httpCode?: unknown }
  if (message?.includes(TOO_LARGE)) return new CheckError('too_large', 'the answer is too large')
  if (typeof httpCode === 'number') return new CheckError('status', `status ${httpCode}`)
  if (error instanceof TypeError || message?.includes('invalid json')) {
    return new CheckError('shape', 'the answer is no answer of the API')
  }
  // The service's own error codes are words; Node's are in capitals (ECONNREFUSED).
  if (typeof code === 'string' && /[a-z]/.test(code))
    return new CheckError('status', `code ${code.slice(0, 80)}`)
  return new CheckError('network', 'cannot be reached', { cause: error })
}
