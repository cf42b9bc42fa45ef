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

/** Calibrated chance, from {@link combinedLogOdds} and the number of windows looked at. */
export const toScore = (logOdds: number, windows: number): number =>
  sigmoid(logOdds - CALIBRATION.windows * Math.log2(Math.max(1, windows)))

/** Calibrated chance by the classifier alone. */
export const classifierScore = (logOdds: number): number =>
  sigmoid(CALIBRATION.alone.slope * logOdds + CALIBRATION.alone.bias)
