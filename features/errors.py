"""Every error a caller may want to catch.

RegularsError
├── SettingsError       regulars.yml breaks its contract
├── DataError           a file or a table breaks its contract
│   ├── UnreadableFile    not a table at all: empty, binary, compressed, wrong encoding
│   ├── UnreachableSource a database or an object store that does not answer
│   ├── MissingTable      a database without the table that is named
│   ├── MissingColumns    a table without a column that is needed
│   ├── TooManyRefused    more bad rows than the settings allow
│   └── DamagedStore      a stored file is not the one its manifest names
├── NotEnoughData       too few customers or too short a history: no honest model
├── ModelRefused        a model folder that is damaged or does not fit this version
├── PromotionRefused    the gate, or a change meanwhile, keeps a version from becoming champion
├── UnknownKey          an API key that is not there, or opens nothing any more
└── NotReady            no champion or no scores yet

`exit_code` is what the command line ends with: 1 for a rule of ours, 3 for too little data
(2 is left to wrong usage of a command).
"""


class RegularsError(Exception):
    """Something that a rule of the product refuses, told in one sentence with its cure."""

    exit_code = 1


class SettingsError(RegularsError):
    """The settings file breaks its contract."""


class DataError(RegularsError):
    """A file or a table breaks its contract."""


class UnreadableFile(DataError):
    """A file that is no table: empty, binary, compressed or in another encoding."""


class UnreachableSource(DataError):
    """A database or an object store does not answer, or does not let the reader in."""


class MissingTable(DataError):
    """A database lacks the table that is named."""


class MissingColumns(DataError):
    """A table lacks columns that are needed."""


class TooManyRefused(DataError):
    """More rows were refused than the settings allow."""


class DamagedStore(DataError):
    """A stored file is missing or is not the one that its manifest names."""


class NotEnoughData(RegularsError):
    """Too few customers or too short a history for an honest model."""

    exit_code = 3


class ModelRefused(RegularsError):
    """A model folder is damaged or does not fit this version of the product."""


class PromotionRefused(RegularsError):
    """A version may not become champion: the gate refuses it, or the champion changed meanwhile."""


class UnknownKey(RegularsError):
    """There is no API key of this id, or it opens nothing any more."""


class NotReady(RegularsError):
    """There is no champion or there are no scores yet."""
