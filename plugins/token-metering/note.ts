import { noteKey } from '../../runner/plugin.ts'

export interface MeteringNote {
  readonly tier: string
  /** Counted before the call. */
  readonly prompt_tokens: number
  readonly prompt_exact: boolean
  readonly reserved_tokens: number
  /** The limit that refused the request. */
  readonly exceeded?: string
}

export const meteringNote = noteKey<MeteringNote>('token-metering')
