import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startWorker } from '../../../../../plugins/token-metering/tokens/start-worker.ts'

test('starts a thread that counts, from the sources', async () => {
  const worker = startWorker()
  worker.postMessage({ texts: ['a'.repeat(80), 'hello world'], encoding: 'o200k_base' })
  assert.deepEqual(await once(worker, 'message'), [[10, 2]])
  await worker.terminate()
})

test('starts it from the build too', { timeout: 120_000 }, () => {
  const root = fileURLToPath(new URL('../../../../../', import.meta.url))
  const sources = join(root, 'plugins/token-metering/tokens')
  const out = mkdtempSync(join(tmpdir(), 'tokens-build-'))
  try {
    symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'))
    writeFileSync(join(out, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(out, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.build.json'),
        compilerOptions: {
          outDir: out,
          rootDir: join(root, 'plugins'),
          declaration: false,
          sourceMap: false,
          typeRoots: [join(root, 'node_modules/@types')],
        },
        include: [],
        files: readdirSync(sources).map((file) => join(sources, file)),
      }),
    )
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', out])
    const script = `
      import { TokenCounter } from '${join(out, 'token-metering/tokens/token-counter.js')}'
      const counter = new TokenCounter()
      console.log(JSON.stringify(await counter.count('a'.repeat(100_000), 'o200k_base')))
    `
    const answer = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: out,
      encoding: 'utf8',
    })
    assert.deepEqual(JSON.parse(answer), { tokens: 12_500, exact: true })
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
})
