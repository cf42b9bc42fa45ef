import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'

/** Text by absolute path. */
export type GeneratedFiles = ReadonlyMap<string, string>

/** Writes the files that differ. With `check` it only says which do. @returns the exit code */
export function writeOrCheck(files: GeneratedFiles, check: boolean, say = console.log): 0 | 1 {
  const stale = [...files].filter(([path, text]) => contentOf(path) !== text)
  for (const [path, text] of stale) {
    const name = relative(process.cwd(), path)
    if (check) {
      say(`${name} is not what its source says: npm run gen`)
      continue
    }
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    say(`wrote ${name}`)
  }
  return check && stale.length > 0 ? 1 : 0
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
