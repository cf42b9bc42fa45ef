import { Type } from 'typebox'

/**
 * Schema of a time zone. Abbreviations are refused, though ICU knows some: for it CST is Chicago, for whoever writes it in
 * Shanghai it is not.
 */
export const timeZone = (description: string) =>
  Type.String({
    pattern: '^(UTC|[A-Za-z_]+(/[\\w+-]+)+)$',
    default: 'UTC',
    description: `${description} UTC or an IANA name such as Asia/Shanghai.`,
  })
