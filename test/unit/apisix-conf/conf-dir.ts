import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The conf folder of this repository. */
export const CONF_DIR = fileURLToPath(new URL('../../../apisix-conf/', import.meta.url))

/** The least that the files of this repository need from the environment. */
export const CONF_ENV = {
  BUSINESS_UNIT_A_KEY: 'key-of-a',
  BUSINESS_UNIT_B_KEY: 'key-of-b',
  INTERNAL_KEY: 'key-of-internal',
  LLM_USAGE_AUTH: 'usage-secret',
}

/** A conf folder that the test removes. Values are written as JSON, which is YAML too; strings as they are. */
export function confDir(t: TestContext, files: Readonly<Record<string, unknown>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'apisix-conf-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  for (const [name, value] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), typeof value === 'string' ? value : JSON.stringify(value))
  }
  return dir
}
