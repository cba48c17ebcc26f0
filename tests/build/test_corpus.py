"""Every case of cases/*.yaml, through every builder that is to know it, without cache."""

from corpus import differences


def test_case(case, builder, base, folder):
    for tag, dockerfile in case.given.items():
        (folder / tag).mkdir()
        (folder / tag / "Dockerfile").write_text(dockerfile)
        given = builder.build(folder / tag, tag=tag)
        assert given.code == 0, f"{tag}: {given}"
    built = builder.build(
        case.prepare(folder), "--no-cache", *case.options, cwd=folder, environment=case.environment
    )
    if case.error:
        assert built.code != 0, str(built)
        assert any(text in built.output for text in case.errors()), f"wanted {case.errors()}: {built}"
        if case.at and builder.name != "classic":
            assert case.at in built.output, f"wanted {case.at}: {built}"
    else:
        problems = list(differences(case, built.image, base))
        assert not problems, "\n".join(problems)
    for text in case.says:
        assert text in built.output, f"wanted {text!r}: {built}"
    for text in case.silent_about:
        assert text not in built.output, f"unwanted {text!r}: {built}"
