// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of this form are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { renderStandalone } from '../../../../apisix-conf/cli/standalone.ts'
import { confDir } from '../conf-dir.ts'

test("writes variables in APISIX's spelling: ports as numbers, all else as text", (t) => {
  const dir = confDir(t, {
    'upstreams/u.yaml': 'nodes: [{ host: "${H:-a.local}", port: "${P:-443}", weight: 1 }]',
    'consumers/a.yaml': 'plugins: { key-auth: { key: "${A_KEY}" } }',
    'ssls/s.yaml': '$when: ${CERT:-}',
  })
  const text = renderStandalone(dir)
  assert.match(text, /host: "\$\{\{H:=a\.local\}\}"/)
  assert.match(text, /port: \$\{\{P:=443\}\}$/m)
  assert.match(text, /key: "\$\{\{A_KEY\}\}"/)
  assert.match(text, /#END\n$/)
  assert.doesNotMatch(text, /^ssls:/m)
  // APISIX fills variables into the text, comments included.
  assert.doesNotMatch(text.slice(0, text.indexOf('upstreams:')), /\$\{\{\s*\w/)
})

test('leaves references in confs of the runner as they are', (t) => {
  const value = { providers: { openai: { api_key: '${OPENAI_API_KEY}' } } }
  const conf = [{ name: 'llm-router', value }]
  const dir = confDir(t, { 'routes/r.json': { uri: '/a', plugins: { 'ext-plugin-pre-req': { conf } } } })
  const { routes } = parse(renderStandalone(dir))
  assert.deepEqual(JSON.parse(routes[0].plugins['ext-plugin-pre-req'].conf[0].value), value)
})
