#!/usr/bin/env node
import { runGuard } from './cli/run.ts'

process.exitCode = await runGuard(process.argv.slice(2), {
  stdin: process.stdin,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
