"""Cox partial log likelihoods and scores by statsmodels: JSON in (see reference.test.ts), JSON out."""
import json
import sys
import warnings

import numpy as np
from statsmodels.duration.hazard_regression import PHReg

warnings.filterwarnings("ignore")


def answer(case):
    covariates = np.array(case["covariates"], float)
    beta = np.array(case["beta"], float)
    model = PHReg(np.array(case["times"], float), covariates, status=np.array(case["events"], int), ties=case["ties"])
    return {"logLikelihood": float(model.loglike(beta)), "score": model.score(beta).tolist()}


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
