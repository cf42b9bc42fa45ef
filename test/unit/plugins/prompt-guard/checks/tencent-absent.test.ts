import assert from 'node:assert/strict'
import { register } from 'node:module'
import { before, test } from 'node:test'
import { openChecks } from '../../../../../plugins/prompt-guard/checks/open-checks.ts'
import { CheckSettingsSchema } from '../../../../../plugins/prompt-guard/checks/settings.ts'
import { compileValidator } from '../../../../../runner/validate.ts'

/** As on a machine that was installed without optional dependencies. Holds for this file's process. */
const WITHOUT_SDK = `export const resolve = (name, context, next) => {
  if (name !== 'tencentcloud-sdk-nodejs-tms') return next(name, context)
  throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
}`
before(() => register(`data:text/javascript,${encodeURIComponent(WITHOUT_SDK)}`))

const settingsOf = (own: object) => {
  const result = compileValidator(CheckSettingsSchema)(own)
  if (!result.ok) throw new Error(result.problems.join('; '))
  return result.value as Parameters<typeof openChecks>[0][string]
}
const report = { called: () => {}, failed: () => {}, cached: () => {} }
const env = { TENCENTCLOUD_SECRET_ID: 'id', TENCENTCLOUD_SECRET_KEY: 'key' }

test('a check that needs the absent SDK is refused at the start, by its name and the package’s', async () => {
  await assert.rejects(openChecks({ cloud: settingsOf({ tencent: {} }) }, env, report), {
    code: 'SETTINGS_INVALID',
    message: 'prompt-guard: /checks/cloud: the optional package tencentcloud-sdk-nodejs-tms is not installed',
  })
})

test('without such a check nobody misses it', async () => {
  const checks = await openChecks(
    {
      own: settingsOf({
        http: {
          endpoint: 'http://127.0.0.1:1/',
          request: '{"t": "{{text}}"}',
          verdict: '/ok',
          violation: true,
        },
      }),
    },
    env,
    report,
  )
  assert.deepEqual([...checks.keys()], ['own'])
  for (const check of checks.values()) await check.close()
})
