"""The same statistics by NumPy, SciPy and statsmodels: JSON in (see reference.test.ts), JSON out."""
import json
import sys

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff


def auc(scores, positive):
    scores, positive = np.array(scores, float), np.array(positive, bool)
    cases, controls = scores[positive], scores[~positive]
    kernel = (cases[:, None] > controls) + 0.5 * (cases[:, None] == controls)
    variance = kernel.mean(1).var(ddof=1) / len(cases) + kernel.mean(0).var(ddof=1) / len(controls)
    u = stats.mannwhitneyu(cases, controls).statistic
    return {"auc": u / kernel.size, "standardError": variance**0.5}


def clustered_area(scores, positive, clusters):
    """Obuchowski (1997), by its definition: sums of the placements within clusters."""
    scores, positive, clusters = np.array(scores, float), np.array(positive, bool), np.array(clusters)
    cases, controls = scores[positive], scores[~positive]
    kernel = (cases[:, None] > controls) + 0.5 * (cases[:, None] == controls)
    m, n, area = len(cases), len(controls), kernel.mean()
    names = np.unique(clusters)
    of_cases = np.array([(kernel.mean(1) - area)[clusters[positive] == name].sum() for name in names])
    of_controls = np.array([(kernel.mean(0) - area)[clusters[~positive] == name].sum() for name in names])
    with_cases, with_controls = len(set(clusters[positive])), len(set(clusters[~positive]))
    s10 = with_cases / ((with_cases - 1) * m) * (of_cases**2).sum()
    s01 = with_controls / ((with_controls - 1) * n) * (of_controls**2).sum()
    s11 = len(names) / (len(names) - 1) * (of_cases * of_controls).sum()
    return float((s10 / m + s01 / n + 2 * s11 / (m * n)) ** 0.5)


def clustered_share(correct, clusters):
    """statsmodels' cluster-robust standard error of a mean."""
    fit = sm.OLS(np.array(correct, float), np.ones(len(correct)))
    groups = np.unique(clusters, return_inverse=True)[1]
    robust = fit.fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
    return float(robust.bse[0])


def survival(times, events, groups):
    times, events, groups = np.array(times, float), np.array(events, int), np.array(groups)
    curve = SurvfuncRight(times, events)
    chi_squared, p_value = survdiff(times, events, groups)
    return {
        "times": curve.surv_times.tolist(),
        "survival": curve.surv_prob.tolist(),
        # undefined where nobody is left, which JSON cannot say
        "standardError": np.nan_to_num(curve.surv_prob_se).tolist(),
        "chiSquared": chi_squared,
        "pValue": p_value,
    }


def concordance(risks, times, events):
    concordant = comparable = 0.0
    for risk, time, event in zip(risks, times, events):
        for other_risk, other_time, other_event in zip(risks, times, events):
            if event and (time < other_time or (time == other_time and not other_event)):
                comparable += 1
                concordant += 1.0 if risk > other_risk else 0.5 if risk == other_risk else 0.0
    return concordant / comparable


cohorts = json.load(sys.stdin)
answers = [
    {
        "auc": auc(c["scores"], c["positive"]),
        "survival": survival(c["times"], c["events"], c["groups"]),
        "clusteredArea": clustered_area(c["scores"], c["positive"], c["patients"]),
        "clusteredShare": clustered_share(c["positive"], c["patients"]),
        "concordance": concordance(c["scores"], c["times"], c["events"]),
    }
    for c in cohorts
]
tails = [[x, k, float(stats.chi2.sf(x, k))] for x in (0.01, 0.5, 3.0, 20.0, 300.0) for k in (1, 2, 5, 40)]
quantiles = [[p, float(stats.norm.ppf(p))] for p in (1e-300, 1e-10, 0.01, 0.3, 0.5, 0.9, 0.999999)]
json.dump({"cohorts": answers, "tails": tails, "quantiles": quantiles}, sys.stdout)
