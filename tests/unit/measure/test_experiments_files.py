from __future__ import annotations

import pytest

from nba.errors import ConfigError
from nba.measure.experiments.definition import Experiment
from nba.measure.experiments.files import read_experiments
from nba.measure.experiments.hypotheses import Hypothesis
from tests.architecture.rules import REPO

SHIPPED = REPO / "models/experiments"
BELIEF = SHIPPED / "tenth_reader.toml"


def test_the_shipped_folder_holds_experiments_and_hypotheses():
    found = read_experiments(SHIPPED)
    assert [(one.id, type(one)) for one in found] == [
        ("accessories_words", Experiment),
        ("blog_subscription", Hypothesis),
        ("tenth_reader", Hypothesis),
    ]


def test_other_files_of_the_folder_are_not_read(tmp_path):
    (tmp_path / "README.md").write_text("read me")
    (tmp_path / "one.toml").write_text(BELIEF.read_text())
    assert [one.id for one in read_experiments(tmp_path)] == ["one"]


REFUSED = {
    "no TOML": ("arm = [", "bad.toml is not valid: "),
    "neither": ('hypothesis = "x"', "bad.toml is neither an experiment nor a hypothesis"),
    "an experiment": ('metric = "conversion"', "the experiment .*bad.toml is not valid"),
    "a hypothesis": ("threshold = 2", "the hypothesis .*bad.toml is not valid"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_file_and_fault(text, tmp_path):
    (tmp_path / "good.toml").write_text(BELIEF.read_text())
    (tmp_path / "bad.toml").write_text(REFUSED[text][0])
    with pytest.raises(ConfigError, match=REFUSED[text][1]):
        read_experiments(tmp_path)


def test_two_files_of_one_id_are_refused(tmp_path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text('id = "same"\n' + BELIEF.read_text())
    with pytest.raises(ConfigError, match=r"b\.toml and .*a\.toml have the same id 'same'"):
        read_experiments(tmp_path)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is no folder"):
        read_experiments(tmp_path / "absent")
    with pytest.raises(ConfigError, match="is no folder"):
        read_experiments(BELIEF)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigError, match=r"folder\.toml cannot be read"):
        read_experiments(tmp_path)
    (tmp_path / "folder.toml").rmdir()
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"bytes\.toml is not valid"):
        read_experiments(tmp_path)
