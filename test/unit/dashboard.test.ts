import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dashboard = JSON.parse(readFileSync(join(root, 'docs/grafana/llm-gateway.json'), 'utf8')) as {
  panels: { title: string; targets?: { expr?: string; rawSql?: string }[] }[]
}
const targets = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ title, ...target })),
)

function sources(dir: string, ending: string): string {
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => readFileSync(join(root, dir, file), 'utf8'))
    .join('\n')
}

test('every metric on the dashboard is one that the code counts', () => {
  const code = sources('runner', '.ts') + sources('plugins', '.ts')
  for (const { title, expr } of targets) {
    for (const [name] of (expr ?? '').matchAll(/\b(?:llm|gen_ai)_[a-z_]+(?=[{[)])/g)) {
      const family = name.replace(/_(?:bucket|sum|count)$/, '')
      assert.ok(code.includes(`'${family}'`), `${title}: ${family}`)
    }
  }
})

test('every table and view on the dashboard stands in schemas/clickhouse', () => {
  const sql = sources('schemas/clickhouse', '.sql')
  for (const { title, rawSql } of targets) {
    const table = /FROM (llm\.\w+)/.exec(rawSql ?? '')?.[1]
    if (rawSql !== undefined) assert.ok(table && sql.includes(`EXISTS ${table} `), `${title}: ${table}`)
  }
})
