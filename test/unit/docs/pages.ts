import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Every Markdown page of the repository: its path from the root, and its text. */
export const pages: ReadonlyMap<string, string> = new Map(
  [
    ...filesOf('.', '.md', false),
    ...['docs', 'plugins', 'test'].flatMap((dir) => filesOf(dir, '.md', true)),
  ].map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]),
)

/** Paths from the root of the files in a folder that end so. */
export function filesOf(dir: string, ending: string, recursive = true): string[] {
  return readdirSync(join(ROOT, dir), { recursive, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(dir, file))
}

export function page(path: string): string {
  const text = pages.get(path)
  if (text === undefined) throw new Error(`there is no ${path}`)
  return text
}

/** The texts of the fenced blocks of these languages, in order. */
export function blocks(text: string, ...languages: string[]): string[] {
  const fence = new RegExp(`^( *)\`\`\`(?:${languages.join('|')})\\n([\\s\\S]*?)^\\1\`\`\``, 'gm')
  return [...text.matchAll(fence)].map(([, indent = '', code = '']) =>
    code.replace(new RegExp(`^${indent}`, 'gm'), ''),
  )
}
