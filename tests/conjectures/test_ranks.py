"""Ranks in several processes, by executors, within a budget, and from a file that outlives a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import llrsym as ll
from llrsym.conjectures.ranks import Setting, rank_task, ranks_of
from llrsym.conjectures.store import HEADER, Store, key_of
from llrsym.errors import BadInput
from llrsym.kernel.documents import read_program
from llrsym.tangent.documents import program_document

NETWORKS = [ll.mlp(d, k, 1, bias=False) for k in (1, 2) for d in (1, 2)]
EXPECTED = [2, 3, 4, 6]
ROOT = Path(__file__).resolve().parents[2]


def numbers(ranks, networks=NETWORKS):
    return [ranks.verdicts[key_of(network, 0)].lower for network in networks]


def test_the_task_has_plain_arguments_and_a_plain_answer():
    program = json.dumps(program_document(NETWORKS[3].program))
    answer = rank_task("a name", program, None, 0)
    assert json.loads(json.dumps(answer)) == answer
    assert (answer["verdict"]["lower"], answer["verdict"]["network"], answer["final"]) == (6, "a name", True)


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_give_the_ranks(jobs):
    assert numbers(ranks_of(NETWORKS, Setting(jobs=jobs))) == EXPECTED


def test_any_executor_gives_the_ranks_and_lives_on():
    with ThreadPoolExecutor(2) as executor:
        assert numbers(ranks_of(NETWORKS, Setting(executor=executor))) == EXPECTED
        assert executor.submit(int, "1").result() == 1


def test_a_dask_cluster_gives_the_ranks():
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with local as cluster, distributed.Client(cluster) as client:
        assert numbers(ranks_of(NETWORKS, Setting(executor=client.get_executor()))) == EXPECTED


def test_equal_networks_are_asked_once():
    calls = []
    setting = Setting(progress=lambda done, total, network: calls.append((done, total)))
    ranks_of([*NETWORKS, *NETWORKS], setting)
    assert calls == [(n, 4) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_the_deadline_nothing_more_is_asked(jobs):
    ranks = ranks_of(NETWORKS, Setting(jobs=jobs, deadline=time.monotonic() - 1))
    assert not ranks.final


# The file


def test_what_is_stored_is_not_asked_again(tmp_path):
    store = Store(tmp_path)
    first = ranks_of(NETWORKS, Setting(store=store))
    again = ranks_of(NETWORKS, Setting(store=Store(tmp_path / "ranks.jsonl")))
    assert (len(first.cached), len(again.cached)) == (0, 4)
    assert numbers(again) == EXPECTED


def test_a_line_that_was_cut_off_is_dropped_and_the_next_one_is_whole(tmp_path):
    path = tmp_path / "ranks"
    ranks_of(NETWORKS, Setting(store=Store(path)))
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.rindex("verdict")], encoding="utf-8")
    resumed = ranks_of(NETWORKS, Setting(store=Store(path)))
    assert (len(resumed.cached), numbers(resumed)) == (3, EXPECTED)
    assert len(ranks_of(NETWORKS, Setting(store=Store(path))).cached) == 4


@pytest.mark.parametrize(
    "text", ["", HEADER[:9], HEADER, HEADER + "\n[]\n{}\n1\n", HEADER + '\n{"key": "a"}']
)
def test_files_that_were_just_begun_are_continued(tmp_path, text):
    path = tmp_path / "ranks"
    path.write_text(text, encoding="utf-8")
    assert numbers(ranks_of(NETWORKS, Setting(store=Store(path)))) == EXPECTED
    assert len(ranks_of(NETWORKS, Setting(store=Store(path))).cached) == 4


@pytest.mark.parametrize("text", ["something else", '{"format": "llrsym answers 2"}\n'])
def test_another_file_is_refused_and_not_touched(tmp_path, text):
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="is not a cache of ranks"):
        Store(path)
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be written"):
        Store(tmp_path / "missing" / "ranks")


def test_the_key_is_the_program_and_not_the_name():
    tanh, sine = ll.mlp(1, 2, 1), ll.mlp(1, 2, 1, activation="sin")
    renamed = ll.Network("mlp", tanh.program)
    assert key_of(tanh, 0) == key_of(renamed, 0)
    assert len({key_of(tanh, 0), key_of(sine, 0), key_of(tanh, 1), key_of(ll.mlp(1, 3, 1), 0)}) == 4


SCRIPT = """
import sys, time
import llrsym as ll
from llrsym.conjectures import ranks
from llrsym.conjectures.store import Store
from pathlib import Path
task = ranks.rank_task
def slow(*arguments):
    time.sleep(0.2)
    return task(*arguments)
ranks.rank_task = slow
networks = [ll.mlp(1, k, 1) for k in range(1, 200)]
ranks.ranks_of(networks, ranks.Setting(store=Store(Path(sys.argv[1]))))
"""


def test_a_killed_run_is_continued(tmp_path):
    path = tmp_path / "ranks"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)], env=environment)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (not path.exists() or path.read_bytes().count(b"\n") < 4):
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    assert run.wait(60) == -signal.SIGKILL
    networks = [ll.mlp(1, k, 1) for k in range(1, 6)]
    resumed = ranks_of(networks, Setting(store=Store(path)))
    assert len(resumed.cached) >= 3
    assert numbers(resumed, networks) == [3 * k + 1 for k in range(1, 6)]


def test_programs_survive_the_way_to_another_process():
    for network in (
        *NETWORKS,
        ll.attention(tokens=2, dim=2, head_dim=1),
        ll.mlp(2, 2, 1, activation="power:3"),
    ):
        assert read_program(json.loads(json.dumps(program_document(network.program)))) == network.program
