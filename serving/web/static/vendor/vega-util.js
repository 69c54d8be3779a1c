// What vega-interpreter asks of the package vega-util; vega.min.js carries it already.
export const { ascending, isString, DisallowedObjectProperties } = globalThis.vega;
