/** `T` as JSON spells it: the text of a string enum's member in its place. */
export type Plain<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : { [Key in keyof T]: Plain<T[Key]> };
