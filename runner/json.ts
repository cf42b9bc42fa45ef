/** A parsed JSON object whose content is not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>
