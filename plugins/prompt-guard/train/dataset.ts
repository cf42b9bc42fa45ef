// Texts to vectors: windows of hashed features, as the detector sees them.
import { readFileSync } from 'node:fs'
import {
  analyse,
  analyseStructure,
  extractFeatures,
  patternScore,
  SLICE_CHARS,
  SLICE_OVERLAP,
  scratch,
} from '../detect/analysis.ts'
import { distinctItems, type Item, PRIOR_MASS, WINDOWS } from '../detect/linear.ts'
import { structureScore } from '../detect/structure.ts'
import type { Sample } from './generate.ts'

/** One window: buckets, values of a vector of at most length 1. */
export type Window = { buckets: Int32Array; values: Float32Array; blocks: number }

/** `structure`: the score of the structural rules, which the model does not learn from. */
export type Row = { sample: Sample; windows: Window[]; patterns: number; structure: number; chars: number }

/** Reads lines of JSON with at least `text`, `label` (0, 1), `lang`, `category`, `source`. */
export const readSamples = (path: string): Sample[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim().length > 0)
    .map((line) => JSON.parse(line) as Sample)

const { features } = scratch

const toWindow = (items: readonly Item[], from: number, to: number): Window => {
  const inside = items.filter(({ block }) => block >= from && block < to)
  const norm = Math.sqrt(inside.reduce((sum, { value }) => sum + value * value, 0) + PRIOR_MASS)
  return {
    buckets: Int32Array.from(inside, ({ bucket }) => bucket),
    values: Float32Array.from(inside, ({ value }) => value / norm),
    blocks: to - from,
  }
}

const windowsOfSlice = (): Window[] => {
  const { blocks } = features
  const items = distinctItems(features)
  const first = WINDOWS[0]?.blocks ?? 1
  const windows: Window[] = []
  for (const { blocks: size, stride } of WINDOWS) {
    if (size !== first && blocks <= first) break
    for (let from = 0; ; from += stride) {
      const to = Math.min(blocks, from + size)
      windows.push(toWindow(items, from, to))
      if (to >= blocks) break
    }
  }
  return windows
}

/** Cuts and analyses a text as the detector does. */
export const toRow = (sample: Sample): Row => {
  const { text } = sample
  const windows: Window[] = []
  let patterns = 0
  let structure = 0
  for (let from = 0; ; from += SLICE_CHARS) {
    const end = from + SLICE_CHARS + SLICE_OVERLAP
    const hits = analyse(text.slice(from, end))
    patterns = Math.max(patterns, patternScore(hits))
    structure = Math.max(structure, structureScore(analyseStructure()))
    extractFeatures(hits)
    windows.push(...windowsOfSlice())
    if (end >= text.length) break
  }
  return { sample, windows, patterns, structure, chars: text.length }
}
