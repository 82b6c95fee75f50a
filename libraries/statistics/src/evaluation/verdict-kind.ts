/**
 * `none`: no predictions with an outcome. `undefined`: the measure does not exist for these patients. `untested`: only
 * patients of the training were predicted. `chance`: the interval includes chance. `worse`: the whole interval is
 * below chance. `imprecise`: above chance, but from few patients or with a wide interval. `better`: above chance.
 */
export type VerdictKind = 'none' | 'undefined' | 'untested' | 'chance' | 'worse' | 'imprecise' | 'better';
