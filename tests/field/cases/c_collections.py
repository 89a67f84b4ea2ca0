# Types of the standard library that are made in C.
import array
import collections
import heapq
import itertools
import operator


class Own(collections.OrderedDict):
    pass


def check():
    counter = collections.Counter("hello")
    own = Own(a=1)
    own.move_to_end("a")
    if counter.most_common(1) != [("l", 2)] or type(own.copy()) is not Own:
        return "collections"
    missing = collections.defaultdict(list)
    missing["x"].append(1)
    tree = [5, 1, 3]
    heapq.heapify(tree)
    if heapq.heappop(tree) != 1 or array.array("i", [1, 2]).tolist() != [1, 2]:
        return "heapq or array"
    pairs = sorted(itertools.chain([(2, "b")], [(1, "a")]), key=operator.itemgetter(0))
    return "ok" if pairs[0][1] == "a" and missing["x"] == [1] else "other"
