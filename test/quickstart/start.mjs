// `npm run quickstart` on a machine that has Node and npm and nothing else: installs, builds, then runs main.ts.
// Plain JavaScript with no dependency, because there may be none yet.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

function run(what, command, args) {
  process.stderr.write(`${what} ...\n`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) {
    process.stderr.write(`${command} ${args.join(' ')} failed\n`)
    process.exit(1)
  }
}

if (!existsSync(new URL('../../node_modules/tsx', import.meta.url))) run('installing packages', 'npm', ['ci'])
if (!process.argv.includes('--help')) run('building', 'npm', ['run', 'build'])
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', 'test/quickstart/main.ts', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
)
process.exit(status ?? 1)
