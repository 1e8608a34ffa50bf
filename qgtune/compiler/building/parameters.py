"""Forms that are sampled, and lists of choices -> parameters."""

from qgtune.compiler.building.domains import read_domain
from qgtune.compiler.building.forms import Form
from qgtune.compiler.building.mismatches import Mismatches, literals
from qgtune.compiler.building.sharing import Sharing
from qgtune.compiler.building.written import Written
from qgtune.core.paths import Path
from qgtune.document import SequenceNode, plain_data
from qgtune.space import (
    Categorical,
    Domain,
    DomainError,
    FollowingRange,
    Origin,
    Parameter,
    Role,
    SpaceNode,
    Unread,
)


class Parameters:
    """Makes parameters of what a search space writes, and reports what makes none.

    Args:
        mismatches: receives what is wrong.
        sharing: which values are one value, so that nothing is told of it twice.
    """

    def __init__(self, mismatches: Mismatches, sharing: Sharing) -> None:
        self.mismatches = mismatches
        self.problems = mismatches.problems
        self.sharing = sharing

    def sampled(self, form: Form, space: Written, base: Written | None, path: Path) -> SpaceNode:
        """Return the parameter that a form defines.

        Args:
            form: a range or choices.
            space: where it was written.
            base: what the base settings have there, if anything.
            path: where it stands in the tree.
        """
        if form.type == "categorical":
            for item in literals(form.node("choices")):
                self.mismatches.check_literal(item, "a choice")
        domain = read_domain(form, self.problems)
        if domain is None:
            return Unread(None, Origin(Role.SPACE, space.path))
        return self.parameter(domain, space, base, path)

    def choices(self, space: Written, base: Written | None, path: Path) -> SpaceNode:
        """Return the parameter whose choices are the items of a list; arguments as for ``sampled``."""
        node = space.content
        assert isinstance(node, SequenceNode)  # noqa: S101 - who asks has looked
        for item in node.items:
            self.mismatches.check_literal(item, "a choice")
        try:
            domain = Categorical.of([plain_data(item) for item in node.items])
        except DomainError as error:
            self.problems.error("QG206", error.message, self.problems.at_node(Role.SPACE, node), error.hint)
            return Unread(None, Origin(Role.SPACE, space.path))
        return self.parameter(domain, space, base, path)

    def parameter(
        self, domain: Domain | FollowingRange, space: Written, base: Written | None, path: Path
    ) -> Parameter:
        """Return the parameter of a domain; a value of the base settings that it cannot have is reported."""
        parameter = Parameter(domain, Origin(Role.SPACE, space.path))
        if self.sharing.is_new(space, path):
            self.mismatches.check_base_value(parameter, base, path)
        return parameter
