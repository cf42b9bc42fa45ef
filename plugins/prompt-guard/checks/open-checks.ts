import { Agent } from 'undici'
import { RunnerError, type Services } from '../../../runner/plugin.ts'
import { aliyunModeration } from './aliyun.ts'
import type { ContentService, ServiceParts } from './check.ts'
import { type CheckReport, GuardedCheck } from './guarded-check.ts'
import { httpCheck } from './http.ts'
import { openAiModeration } from './openai.ts'
import type { CheckSettings } from './settings.ts'
import { tencentModeration } from './tencent.ts'

const KEEP_ALIVE_MS = 30_000

/**
 * The checks of the settings, by name.
 * @throws RunnerError SETTINGS_INVALID with everything that is wrong with any of them.
 */
export async function openChecks(
  settings: Readonly<Record<string, CheckSettings>>,
  env: Services['env'],
  report: CheckReport,
): Promise<ReadonlyMap<string, GuardedCheck>> {
  const checks = new Map<string, GuardedCheck>()
  const problems: string[] = []
  for (const [name, own] of Object.entries(settings)) {
    try {
      checks.set(name, await openCheck(name, own, env, report))
    } catch (error) {
      problems.push(`/checks/${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (problems.length > 0) throw new RunnerError('SETTINGS_INVALID', `prompt-guard: ${problems.join('; ')}`)
  return checks
}

async function openCheck(
  name: string,
  settings: CheckSettings,
  env: Services['env'],
  report: CheckReport,
): Promise<GuardedCheck> {
  const dispatcher = new Agent({ keepAliveTimeout: KEEP_ALIVE_MS, connections: settings.concurrency })
  const service = await serviceOf(settings, {
    dispatcher,
    maxBytes: settings.max_response_bytes,
    secret: (variable) => {
      const value = env[variable]
      if (!value) throw new Error(`the environment variable ${variable} is not set`)
      return value
    },
  })
  return new GuardedCheck(
    name,
    { ...service, close: () => dispatcher.destroy() },
    {
      timeoutMs: settings.timeout_ms,
      maxCalls: settings.max_calls,
      concurrency: settings.concurrency,
      maxWaiting: settings.max_waiting,
      cacheEntries: settings.cache_entries,
      cacheTtlMs: settings.cache_ttl_s * 1000,
      failures: settings.failure_threshold,
      openMs: settings.open_ms,
      now: () => performance.now(),
    },
    report,
  )
}

async function serviceOf(settings: CheckSettings, parts: ServiceParts): Promise<ContentService> {
  const { openai, http, aliyun, tencent } = settings
  const named = [openai, http, aliyun, tencent].filter((service) => service !== undefined)
  if (named.length !== 1) throw new Error('needs exactly one of openai, http, aliyun, tencent')
  if (openai) return openAiModeration(openai, parts)
  if (http) return httpCheck(http, parts)
  if (aliyun) return aliyunModeration(aliyun, parts)
  if (tencent) return tencentModeration(tencent, parts)
  throw new Error('has no service')
}
