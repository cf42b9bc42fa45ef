#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { runCli } from './cli/run.ts'

const folder = import.meta.url.endsWith('.ts') ? '.' : '../../apisix-conf'

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  confDir: fileURLToPath(new URL(folder, import.meta.url)),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
