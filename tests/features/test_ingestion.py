"""From sources to stored histories: nothing twice, nothing lost, nothing from another reading."""

from datetime import date

import pytest

from features import stored
from features.errors import DamagedStore, DataError
from features.histories import fingerprint
from features.ingestion import ingest
from features.matrix import matrix
from features.settings import load_settings

TODAY = date(2026, 6, 30)
HEAD = "id,at,amount\n"
JANUARY = ["ada,2026-01-05,10.00\n", "bob,2026-01-06,20.00\n", "ada,2026-01-20,5.00\n"]
FEBRUARY = ["ada,2026-02-05,10.00\n", "cyd,2026-02-06,7.00\n"]

SETTINGS = """\
sources:
  orders:
    path: orders.csv
    format: csv
    holds: {holds}
    columns: {{customer_id: id, timestamp: at, amount: {amount}{more}}}
churn: {{within_days: 30}}
"""


class Shop:
    """A folder with a settings file and a file of orders, which tests rewrite."""

    def __init__(self, folder):
        self.folder = folder
        self.described()

    def described(self, holds="everything", amount="amount", more=""):
        text = SETTINGS.format(holds=holds, amount=amount, more=more)
        (self.folder / "regulars.yml").write_text(text)

    def takes(self, rows, *, head=HEAD, anew=False):
        (self.folder / "orders.csv").write_text(head + "".join(rows))
        done = ingest(load_settings(self.folder / "regulars.yml"), today=TODAY, anew=anew)
        self.done = done
        one = done.tables["orders"]
        assert one.account.event_count == one.new_count + one.known_count + one.conflict_count
        return one.new_count, one.known_count

    def histories(self):
        return stored.load(self.folder / ".regulars" / "histories")

    def spend(self):
        rows = matrix(self.histories(), [TODAY])
        return dict(zip(rows["customer_id"], rows["spend_value"], strict=True))


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_the_same_file_twice_changes_nothing(shop):
    assert shop.takes(JANUARY) == (3, 0)
    first = shop.done.generation
    assert shop.takes(JANUARY) == (0, 3)
    assert shop.done.generation == first


@pytest.mark.parametrize("holds", ["everything", "news"])
def test_overlapping_files_give_their_exact_union(shop, holds):
    shop.described(holds)
    assert shop.takes(JANUARY) == (3, 0)
    assert shop.takes(JANUARY + FEBRUARY) == (2, 3)
    assert shop.spend() == {"ada": 25.0, "bob": 20.0, "cyd": 7.0}


def test_news_are_added_to_what_is_stored(shop):
    shop.described("news")
    shop.takes(JANUARY)
    assert shop.takes(FEBRUARY) == (2, 0)
    assert shop.spend() == {"ada": 25.0, "bob": 20.0, "cyd": 7.0}


def test_a_row_gone_from_a_source_that_holds_everything_is_gone(shop):
    shop.takes(JANUARY + FEBRUARY)
    corrected = ["ada,2026-01-05,11.00\n", *JANUARY[1:], *FEBRUARY[:1]]
    assert shop.takes(corrected) == (4, 0)
    assert shop.spend() == {"ada": 26.0, "bob": 20.0}


def test_late_and_unsorted_events_give_what_sorted_ones_give(shop, tmp_path):
    shop.described("news")
    for row in [FEBRUARY[1], JANUARY[2], FEBRUARY[0], JANUARY[0], JANUARY[1]]:
        shop.takes([row])
    other = tmp_path / "other"
    other.mkdir()
    at_once = Shop(other)
    at_once.takes(JANUARY + FEBRUARY)
    assert fingerprint(shop.histories()) == fingerprint(at_once.histories())


def test_another_description_reads_the_same_rows_anew(shop):
    head = "id,at,amount,net\n"
    rows = [row.strip() + ",1.00\n" for row in JANUARY]
    shop.takes(rows, head=head)
    shop.described(amount="net")
    assert shop.takes(rows, head=head) == (3, 0)
    assert shop.spend() == {"ada": 2.0, "bob": 1.0}


def test_news_described_otherwise_never_drop_what_is_stored_unasked(shop):
    head = "id,at,amount,net\n"
    rows = [row.strip() + ",1.00\n" for row in JANUARY]
    shop.described("news")
    shop.takes(rows, head=head)
    shop.described("news", amount="net")
    with pytest.raises(DataError, match="regulars ingest --anew"):
        shop.takes(rows[1:], head=head)
    assert shop.histories().orders.num_rows == 3
    assert shop.takes(rows[1:], head=head, anew=True) == (2, 0)
    assert shop.spend() == {"ada": 1.0, "bob": 1.0}


def test_a_column_that_is_mapped_later_makes_its_features(shop):
    head = "id,at,amount,units\n"
    rows = [row.strip() + ",3\n" for row in JANUARY]
    shop.takes(rows, head=head)
    assert "units_count" not in matrix(shop.histories(), [TODAY])
    shop.described(more=", quantity: units")
    shop.takes(rows, head=head)
    assert matrix(shop.histories(), [TODAY])["units_count"].tolist() == [6.0, 3.0]


def test_a_correction_counts_from_the_day_on_which_it_arrived(shop):
    shop.described("news", more=", event_id: event, arrived_at: arrived")
    head = "id,at,amount,event,arrived\n"
    shop.takes(["ada,2026-01-05,10.00,e1,2026-01-05\n"], head=head)
    assert shop.takes(["ada,2026-01-05,4.00,e1,2026-02-10\n"], head=head) == (1, 0)
    cutoffs = [date(2026, 2, 10), date(2026, 2, 11)]
    assert matrix(shop.histories(), cutoffs)["spend_value"].tolist() == [10.0, 4.0]
    later = matrix(shop.histories(), cutoffs, known_then=False)
    assert later["spend_value"].tolist() == [4.0, 4.0]


def test_one_id_with_two_meanings_is_kept_aside(shop):
    shop.described("news", more=", event_id: event")
    head = "id,at,amount,event\n"
    shop.takes(["ada,2026-01-05,10.00,e1\n"], head=head)
    shop.takes(["ada,2026-01-05,4.00,e1\n", "bob,2026-01-05,1.00,e2\n"], head=head)
    one = shop.done.tables["orders"]
    assert (one.new_count, one.conflict_count) == (1, 1)
    assert "400" in one.refused_path.read_text()
    assert shop.spend() == {"ada": 10.0, "bob": 1.0}


def test_a_refused_row_refuses_nothing_else_and_is_kept(shop):
    shop.takes([*JANUARY * 40, "eve,2026-13-01,1\n"])
    assert shop.done.tables["orders"].refused_path.read_text().count("2026-13-01") == 2
    assert any("Refused rows" in line for line in shop.done.account())


def damage(shop):
    for file in (shop.folder / ".regulars" / "histories" / "files").rglob("*.parquet"):
        file.write_bytes(file.read_bytes()[:-7])


def test_damaged_histories_are_made_again_from_sources_that_hold_everything(shop):
    shop.takes(JANUARY)
    damage(shop)
    shop.takes(JANUARY + FEBRUARY)
    assert shop.spend() == {"ada": 25.0, "bob": 20.0, "cyd": 7.0}


def test_damaged_histories_of_news_are_never_dropped_unasked(shop):
    shop.described("news")
    shop.takes(JANUARY)
    damage(shop)
    with pytest.raises(DamagedStore, match="regulars"):
        shop.takes(FEBRUARY)
    assert shop.takes(FEBRUARY, anew=True) == (2, 0)


def test_two_tables_of_one_file_keep_their_refused_rows_apart(tmp_path):
    (tmp_path / "regulars.yml").write_text(
        "sources:\n"
        "  orders:\n    path: all.csv\n    format: csv\n    max_refused_share: 1\n"
        "    columns: {customer_id: id, timestamp: at, amount: amount}\n"
        "  visits:\n    path: all.csv\n    format: csv\n    max_refused_share: 1\n"
        "    columns: {customer_id: id, timestamp: at, seconds: secs}\n"
        "churn: {within_days: 30}\n"
    )
    rows = ["ada,2026-01-05,10.00,x\n", "bob,2026-01-06,y,3\n"]
    (tmp_path / "all.csv").write_text("id,at,amount,secs\n" + "".join(rows))
    done = ingest(load_settings(tmp_path / "regulars.yml"), today=TODAY)
    kept = {name: one.refused_path for name, one in done.tables.items()}
    assert {name: path.name for name, path in kept.items()} == {
        "orders": "all.csv.refused.csv",
        "visits": "visits.all.csv.refused.csv",
    }
    assert "bob" in kept["orders"].read_text()
    assert "ada" in kept["visits"].read_text()


def test_channels_and_markets_of_the_settings_make_their_features(shop):
    text = SETTINGS.format(holds="everything", amount="amount", more=", channel: channel")
    text = text.replace("    columns:", "    channels: [Web, Corner shop]\n    columns:")
    text += "markets: {home: {time_zone: Europe/Prague, country: CZ}}\n"
    (shop.folder / "regulars.yml").write_text(text)
    shop.takes(
        ["ada,2026-06-01,1,Web\n", "ada,2026-06-02,1,Corner shop\n", "ada,2026-06-03,1,Web\n"],
        head="id,at,amount,channel\n",
    )
    row = matrix(shop.histories(), [TODAY]).loc[0]
    assert row["channel_web_lines_share"] == 2 / 3
    assert row["channel_corner_shop_lines_share"] == 1 / 3
    # 5 July is the day of Cyril and Methodius.
    assert row["next_holiday_days"] == 5
