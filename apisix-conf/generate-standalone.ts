import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeOrCheck } from '../runner/generated-files.ts'
import { renderStandalone } from './cli/standalone.ts'

const dir = fileURLToPath(new URL('.', import.meta.url))
const files = new Map([[join(dir, 'apisix.yaml'), renderStandalone(dir)]])
process.exitCode = writeOrCheck(files, process.argv.includes('--check'))
