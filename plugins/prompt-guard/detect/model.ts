import { inflateRawSync } from 'node:zlib'
import { BUCKETS, type LinearModel } from './linear.ts'
import { CALIBRATION, MODEL } from './weights.ts'

const unpack = (): LinearModel => {
  const bytes = inflateRawSync(Buffer.from(MODEL.packed, 'base64'))
  if (bytes.length !== BUCKETS)
    throw new Error(`weights.ts has ${bytes.length} weights, not ${BUCKETS}: train again`)
  return {
    weights: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    step: MODEL.step,
    bias: MODEL.bias,
  }
}

/** The trained model, unpacked once. */
export const LINEAR_MODEL: LinearModel = unpack()

const sigmoid = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds))

/** Log-odds of an attack from the classifier's log-odds, the rules' chance and the number of windows looked at. */
export const combinedLogOdds = (classifier: number, patterns: number): number =>
  CALIBRATION.classifier * classifier + CALIBRATION.patterns * patterns + CALIBRATION.bias

/** Below this chance the rules have seen nothing: the classifier stands alone. */
export const LONE_PATTERNS = 0.3
/** A short text has no more windows than these: about 700 characters. */
const FREE_WINDOWS = 4
/**
 * What the classifier alone has to be surer by for each doubling of the windows beyond. The worst of many windows looks
 * odd by chance, and the texts it was calibrated on are short: of manuals and programs, 4,000 characters of each, 4%
 * reached the threshold, with this 2%, while no attack of that length in the training file needs the difference.
 */
const LONE_PER_DOUBLING = 0.35

/** Calibrated chance, from {@link combinedLogOdds}, the number of windows looked at and the rules' chance. */
export const toScore = (logOdds: number, windows: number, patterns: number): number => {
  const doubt = patterns < LONE_PATTERNS ? LONE_PER_DOUBLING * doublings(windows / FREE_WINDOWS) : 0
  return sigmoid(logOdds - CALIBRATION.windows * doublings(windows) - doubt)
}

const doublings = (times: number): number => Math.log2(Math.max(1, times))

/** Calibrated chance by the classifier alone. */
export const classifierScore = (logOdds: number): number =>
  sigmoid(CALIBRATION.alone.slope * logOdds + CALIBRATION.alone.bias)
