"""scikit-learn's side of `npm run bench -- forest`: one thread, CPU time, 100 trees of 256 rows. Prints one JSON object.

peer.py round VALUES LABELS FEATURES SEED OUT   fit, score, score as versions from 1.3 on do, one row; OUT.json gets the trees,
                                                OUT.scores the scores of the first rows (f64)
peer.py file VALUES FEATURES OUT                a whole process: read a file, fit, score, write the scores
peer.py file13 VALUES FEATURES OUT              the same, scoring as versions from 1.3 on do
"""
import json
import re
import resource
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._iforest import _average_path_length


def cpu(work):
    start = time.process_time()
    result = work()
    return (time.process_time() - start) * 1000, result


def median_cpu(work, times):
    return float(np.median([cpu(work)[0] for _ in range(times)]))


def leaf_depths(tree):
    """What versions from 1.3 on keep: for each node its depth and the average path of its rows."""
    depths = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depths[child] = depths[node] + 1
    return depths + _average_path_length(tree.n_node_samples)


def scorer13(model):
    """Scores as versions from 1.3 on do, with the same trees."""
    trees = [each.tree_ for each in model.estimators_]
    tables = [leaf_depths(tree) for tree in trees]
    whole = len(trees) * _average_path_length([model.max_samples_])[0]

    def score(rows):
        depths = np.zeros(len(rows))
        for tree, table in zip(trees, tables):
            depths += table[tree.apply(rows)]
        return 2 ** (-depths / whole)

    return score


def one_round(values, labels, features, seed, out):
    x = np.fromfile(values, np.float32).reshape(-1, features)
    y = np.fromfile(labels, np.uint8)
    times = 3 if len(x) <= 100_000 else 1
    def make():
        return IsolationForest(n_estimators=100, max_samples=256, random_state=seed, n_jobs=1).fit(x)
    fits = [cpu(make) for _ in range(times)]
    model = fits[-1][1]
    score_ms, scores = cpu(lambda: -model.score_samples(x))
    trees = [each.tree_ for each in model.estimators_]
    score13 = scorer13(model)
    score13_ms, scores13 = cpu(lambda: score13(x))
    from sklearn.metrics import roc_auc_score
    scores[:20_000].tofile(out + ".scores")
    with open(out + ".json", "w") as file:
        json.dump([dict(childrenLeft=t.children_left.tolist(), childrenRight=t.children_right.tolist(), feature=t.feature.tolist(),
                        threshold=t.threshold.tolist(), nodeSamples=t.n_node_samples.tolist(), features=list(range(features)))
                   for t in trees], file)
    return dict(version=sklearn.__version__, fitMs=float(np.median([ms for ms, _ in fits])), scoreMs=score_ms, score13Ms=score13_ms,
                oneRowUs=median_cpu(lambda: model.score_samples(x[:1]), 15) * 1000, oneRow13Us=median_cpu(lambda: score13(x[:1]), 15) * 1000,
                apart=float(np.abs(scores - scores13).max()), auc=float(roc_auc_score(y, scores)))


def peak_bytes():
    """The most memory that this process held. ru_maxrss begins with that of the process which started this one."""
    try:
        with open("/proc/self/status") as status:
            return 1024 * int(re.search(r"^VmHWM:\s+(\d+) kB$", status.read(), re.M)[1])
    except OSError:
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def whole_file(values, features, out, as13):
    x = np.fromfile(values, np.float32).reshape(-1, features)
    model = IsolationForest(n_estimators=100, max_samples=256, random_state=1, n_jobs=1).fit(x)
    scores = scorer13(model)(x) if as13 else -model.score_samples(x)
    scores.tofile(out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return dict(cpuMs=(used.ru_utime + used.ru_stime) * 1000, peakBytes=peak_bytes())


if sys.argv[1] == "round":
    print(json.dumps(one_round(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])))
else:
    print(json.dumps(whole_file(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[1] == "file13")))
