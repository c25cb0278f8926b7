from mmqa.fusion.router import uniform


def test_weights_are_even_and_sum_to_one():
    assert uniform(["visual", "text", "acoustic"]) == {
        "visual": 1 / 3,
        "text": 1 / 3,
        "acoustic": 1 / 3,
    }


def test_a_modality_named_twice_counts_once():
    assert uniform(["text", "text"]) == {"text": 1.0}


def test_no_modality_gives_no_weight():
    assert uniform([]) == {}
