import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { builtinPlugins } from '../../../plugins/index.ts'
import { recordOf } from '../../../runner/llm/json.ts'
import { checkPluginSettings, importPlugins } from '../../../runner/open-plugins.ts'
import { loadSettings } from '../../../runner/settings/load.ts'
import { compileValidator } from '../../../runner/validate.ts'
import { blocks, page, pages } from './pages.ts'

test('settings of plugins in the READMEs are valid', () => {
  let found = 0
  for (const [path, text] of pages) {
    for (const block of blocks(text, 'yaml')) {
      const { plugins } = recordOf(parse(block))
      if (plugins === undefined) continue
      found++
      const settings = loadSettings({ file: undefined, env: {}, flags: { plugins } })
      assert.doesNotThrow(() => checkPluginSettings(builtinPlugins, settings), path)
    }
  }
  assert.ok(found >= 2, `${found} examples`)
})

test('docs/plugins.md: its plugin loads, takes the conf of its route and keeps the hours', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'llm-example-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const [code = ''] = blocks(page('docs/plugins.md'), 'ts')
  const [route = ''] = blocks(page('docs/plugins.md'), 'json')
  const file = join(dir, 'office-hours.ts')
  await writeFile(file, fromHere(code))
  const [plugin] = await importPlugins([file])
  assert.ok(plugin)
  const [entry] = JSON.parse(route)['ext-plugin-pre-req'].conf
  assert.equal(entry.name, plugin.name)
  const conf = compileValidator(plugin.conf)(JSON.parse(entry.value))
  assert.ok(conf.ok)
  const answerAt = (hour: number, consumer: string) => {
    const services = { clock: { now: () => Date.UTC(2026, 0, 1, hour) } }
    const state = plugin.prepare(conf.value, plugin.open({}, services as never))
    return plugin.decide({ consumer, endpoint: 'chat-completions' } as never, state, undefined as never)
  }
  assert.deepEqual(await answerAt(9, 'interns'), { kind: 'pass' })
  assert.deepEqual(await answerAt(22, 'staff'), { kind: 'pass' })
  const stop = await answerAt(22, 'interns')
  assert.ok(stop.kind === 'stop')
  assert.deepEqual([stop.status, JSON.parse(stop.body).error.code], [403, 'office_closed'])
})

/** A package of one's own finds these by name; a file in a temporary folder does not. */
function fromHere(code: string): string {
  const plugin = new URL('../../../runner/plugin.ts', import.meta.url).href
  return code
    .replace("'apisix-llm-gateway-runner/plugin'", `'${plugin}'`)
    .replace("'typebox'", `'${import.meta.resolve('typebox')}'`)
}
