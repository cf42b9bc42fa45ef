import { type Endpoint, errorBody, type Stop } from '../../../runner/plugin.ts'
import { compileGlob } from '../../glob.ts'
import { tierOf } from '../../tier.ts'
import type { MeteringConf } from '../conf.ts'
import { type Limits, limitsOf } from '../limits.ts'
import type { Tenant } from './tenant.ts'

export type TenantMode = 'off' | 'over_conf' | 'under_conf'

export interface Grant {
  readonly tier: string
  readonly limits: Limits
}

/** Tier and limits of a consumer from the route conf and its tenant; which of the two wins is a setting. */
export function tierAndLimits(
  conf: MeteringConf,
  consumer: string,
  routeTier: string | undefined,
  tenant: Tenant | undefined,
  mode: TenantMode,
): Grant {
  const confTier = routeTier ?? tierOf(conf, consumer)
  if (!tenant) return { tier: confTier, limits: limitsOf(conf, consumer, confTier) }
  if (mode === 'over_conf') {
    const tier = tenant.tier ?? confTier
    return { tier, limits: { ...limitsOf(conf, consumer, tier), ...tenant.limits } }
  }
  const tier = Object.hasOwn(conf.consumers, consumer) ? confTier : (tenant.tier ?? confTier)
  return { tier, limits: { ...tenant.limits, ...limitsOf(conf, consumer, tier) } }
}

/** 403 for a tenant that may not ask, or not for this model. */
export function tenantRefusal(
  endpoint: Endpoint,
  tenant: Tenant | undefined,
  model: string,
): Stop | undefined {
  if (!tenant) return undefined
  const stop = (message: string, code: string): Stop => ({
    kind: 'stop',
    status: 403,
    body: errorBody(endpoint, { message, type: 'permission_error', code }),
  })
  if (tenant.status === 'disabled') return stop('This account is disabled.', 'tenant_disabled')
  const { allowed_models: allowed } = tenant
  if (
    allowed === undefined ||
    allowed.some((pattern) => compileGlob(pattern.toLowerCase())(model.toLowerCase()))
  )
    return undefined
  return stop('This account may not use this model.', 'model_not_allowed')
}
