"""What a group of commands says to a name that it does not have."""

import click


class CommandGroup(click.Group):
    """A group that names, beside an unknown command, the one that was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of ``args`` and the rest of them; raises a usage error for an unknown one."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            from search_spaces.setting_errors import did_you_mean

            ctx.fail(f"No such command {args[0]!r}.{did_you_mean(args[0], known)}")
        return super().resolve_command(ctx, args)
