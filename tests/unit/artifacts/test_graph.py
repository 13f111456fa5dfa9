import numpy as np

from nba.artifacts.graph import ProductGraph


def test_edges_stand_by_product_rung_falling_score_and_neighbour():
    draw = np.random.default_rng(0)
    first, second = np.divmod(draw.permutation(20 * 20)[:300], 20)
    score = draw.choice([-2.0, -1.0, -0.0, 0.0, 1e-30, 0.5, 3.0], len(first))
    rung = draw.integers(0, 3, len(first))
    graph = ProductGraph.of(20, first, second, score, source=0, support=rung, rung=rung)
    order = np.lexsort((second, -score, rung, first))
    assert graph.first().tolist() == first[order].tolist()
    assert graph.neighbours.tolist() == second[order].tolist()
    assert graph.support.tolist() == rung[order].tolist()
    assert np.array_equal(graph.score, score[order].astype(np.float32))


def test_each_product_keeps_its_best_neighbours():
    first, second = np.array([2, 0, 2, 2]), np.array([0, 1, 3, 1])
    graph = ProductGraph.of(4, first, second, np.array([1.0, 1, 2, 3]), source=0, top_k=2)
    assert graph.indptr.tolist() == [0, 1, 1, 3, 3]
    assert graph.neighbours.tolist() == [1, 1, 3]
