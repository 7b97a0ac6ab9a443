"""What can be wrong with a strategy, each with its own stable code.

A check collects findings: every finding is one of these errors, and the one
`StrategyInvalid` that is raised carries all of them in `details`.
"""

from __future__ import annotations

from apps.core.errors import Invalid, NotFound, PreconditionFailed


class StrategyInvalid(Invalid):
    """The strategy as a whole; `details` names every finding."""

    code = "strategy_invalid"


class StrategyFieldMissing(StrategyInvalid):
    """A field that a strategy needs is not there."""

    code = "strategy_field_missing"


class StrategyFieldUnknown(StrategyInvalid):
    """A field that a strategy does not have."""

    code = "strategy_field_unknown"


class StrategyFieldInvalid(StrategyInvalid):
    """A field of the wrong type, length or choice."""

    code = "strategy_field_invalid"


class StrategyNumberInvalid(StrategyInvalid):
    """A number that is not finite, not in its range, or written in the wrong way."""

    code = "strategy_number_invalid"


class StrategyNameInvalid(StrategyInvalid):
    """The name of a parameter or an indicator that a rule could not use."""

    code = "strategy_name_invalid"


class StrategyNameTaken(StrategyInvalid):
    """The name of a parameter or an indicator that means something else already."""

    code = "strategy_name_taken"


class StrategyWithoutEntry(StrategyInvalid):
    """No entry rule: the strategy could never trade."""

    code = "strategy_without_entry"


class ParameterBoundsInvalid(StrategyInvalid):
    """The default lies outside the bounds, or the bounds are the wrong way round."""

    code = "parameter_bounds_invalid"


class ParameterUnknown(StrategyInvalid):
    """A parameter that the strategy does not declare."""

    code = "parameter_unknown"


class ParameterNotInteger(StrategyInvalid):
    """A fraction where bars are counted."""

    code = "parameter_not_integer"


class ParameterOutOfRange(StrategyInvalid):
    """A value outside the bounds that the parameter, or its use, allows."""

    code = "parameter_out_of_range"


class IndicatorCycle(StrategyInvalid):
    """Indicators that read each other in a circle."""

    code = "indicator_cycle"


class SizingNeedsStop(StrategyInvalid):
    """Sizing by risk without a stop: the risk of a trade would be unknown."""

    code = "sizing_needs_stop"


class TakeProfitUnreachable(StrategyInvalid):
    """A short cannot gain its whole entry price."""

    code = "take_profit_unreachable"


class RuleInvalid(StrategyInvalid):
    """An entry or exit rule; the message points at the column."""

    code = "rule_invalid"


class RuleSyntax(RuleInvalid):
    """The text does not read as an expression."""

    code = "rule_syntax"


class RuleNotAllowed(RuleInvalid):
    """Python that is not part of the rule language."""

    code = "rule_not_allowed"


class RuleTooLong(RuleInvalid):
    """More characters than a rule may have."""

    code = "rule_too_long"


class RuleTooDeep(RuleInvalid):
    """Nested deeper than a rule may be."""

    code = "rule_too_deep"


class RuleUnknownName(RuleInvalid):
    """A name, an output or a function that there is not."""

    code = "rule_unknown_name"


class RuleType(RuleInvalid):
    """A number, a series or a condition where another of them belongs."""

    code = "rule_type"


class RuleArguments(RuleInvalid):
    """The wrong number of arguments, or a count of bars that cannot be used."""

    code = "rule_arguments"


class RuleFutureReference(RuleInvalid):
    """The rule would read bars that have not happened yet."""

    code = "rule_future_reference"


class RuleDivisionByZero(RuleInvalid):
    """Division by a zero that is written in the rule."""

    code = "rule_division_by_zero"


class TemplateNotFound(NotFound):
    """No strategy template of this name."""

    code = "template_not_found"


class StrategyNotFound(NotFound):
    """There is no such strategy for this user."""

    code = "strategy_not_found"


class StrategyVersionNotFound(NotFound):
    """The strategy has no version of this number."""

    code = "strategy_version_not_found"


class StrategyChanged(PreconditionFailed):
    """The strategy is not any more what the caller's `If-Match` names."""

    code = "strategy_changed"
