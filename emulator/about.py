"""What `--about` prints: the models, their licences, and what the emulator cannot answer. Nothing here is made up."""

from __future__ import annotations

from emulator.models.catalogue import FILES, TEXT
from emulator.operations import registry


def text() -> str:
    lines = [
        "rekscan emulator: Rekognition's protocol, answered by open models. Not AWS, and not as good.",
        "",
        "Models",
    ]
    for model in FILES:
        lines.append(f"  {model.file}: {model.answers}")
        lines.append(f"      {model.source}, {model.licence}; {model.weak}")
    lines += [f"  {TEXT[0]}: {TEXT[1]}", f"      {TEXT[2]}, {TEXT[3]}"]
    lines.append(
        "  OpenCV, no model: image properties, on a scale of our own; films, their cuts, black frames, colour bars"
    )
    lines += ["", "Cannot answer"]
    lines += [f"  {line}" for line in limits()]
    lines.append(
        "  Films are looked at twice a second with the models above, and what those cannot see is not seen in films."
    )
    lines.append("  Every other operation of Rekognition is refused with AccessDeniedException naming it,")
    lines.append("  adapters, and custom models that --custom-model does not declare, with ResourceNotFoundException.")
    return "\n".join(lines)


def limits() -> list[str]:
    return [f"{name}: {operation.cannot}" for name, operation in sorted(registry().items()) if operation.cannot]
