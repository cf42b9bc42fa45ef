// Texts to vectors: windows of hashed features, as the detector sees them.
import { readFileSync } from 'node:fs'
import {
  analyse,
  extractFeatures,
  patternScore,
  SLICE_CHARS,
  SLICE_OVERLAP,
  scratch,
} from '../detect/analysis.ts'
import { BUCKET_MASK, KIND_SHIFT, KIND_VALUES } from '../detect/features.ts'
import { PRIOR_MASS, WINDOWS } from '../detect/linear.ts'
import type { Sample } from './generate.ts'

/** One window: buckets, values of a vector of at most length 1. */
export type Window = { buckets: Int32Array; values: Float32Array; blocks: number }

export type Row = { sample: Sample; windows: Window[]; patterns: number; chars: number }

/** Reads lines of JSON with at least `text`, `label` (0, 1), `lang`, `category`, `source`. */
export const readSamples = (path: string): Sample[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim().length > 0)
    .map((line) => JSON.parse(line) as Sample)

const { features } = scratch

const toWindow = (from: number, to: number): Window => {
  const buckets: number[] = []
  const values: number[] = []
  let square = 0
  for (let index = 0; index < features.count; index++) {
    const block = features.block[index] ?? 0
    if (block < from || block >= to) continue
    const item = features.items[index] ?? 0
    const value = KIND_VALUES[item >>> KIND_SHIFT] ?? 0
    buckets.push(item & BUCKET_MASK)
    values.push(value)
    square += value * value
  }
  const norm = Math.sqrt(square + PRIOR_MASS)
  return {
    buckets: Int32Array.from(buckets),
    values: Float32Array.from(values, (value) => value / norm),
    blocks: to - from,
  }
}

const windowsOfSlice = (): Window[] => {
  const { blocks } = features
  const first = WINDOWS[0]?.blocks ?? 1
  const windows: Window[] = []
  for (const { blocks: size, stride } of WINDOWS) {
    if (size !== first && blocks <= first) break
    for (let from = 0; ; from += stride) {
      const to = Math.min(blocks, from + size)
      windows.push(toWindow(from, to))
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
  for (let from = 0; ; from += SLICE_CHARS) {
    const end = from + SLICE_CHARS + SLICE_OVERLAP
    const hits = analyse(text.slice(from, end))
    patterns = Math.max(patterns, patternScore(hits))
    extractFeatures(hits)
    windows.push(...windowsOfSlice())
    if (end >= text.length) break
  }
  return { sample, windows, patterns, chars: text.length }
}
