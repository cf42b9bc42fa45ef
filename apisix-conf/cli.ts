#!/usr/bin/env node
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCli } from './cli/run.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  confDir: dirname(fileURLToPath(import.meta.url)),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
