"""Why AWS was not even asked, or gave no answer: profile, credentials, endpoint, certificate, network.

Rule: one line that names the cause and one that says what to do; none of it is about a bucket or an object.
"""

from botocore.exceptions import (
    ClientError,
    ConfigParseError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidConfigError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)

from jobs.errors import RekscanError

_NONE = (NoCredentialsError, PartialCredentialsError)
_SIGN_IN = (SSOError, TokenRetrievalError)
_CONFIG = (ProfileNotFound, ConfigParseError, InvalidConfigError)
_NETWORK = (EndpointConnectionError, ConnectTimeoutError, ConnectionClosedError, HTTPClientError)
_ROLES = ("AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetRoleCredentials")


def unreachable(error: Exception) -> RekscanError:
    """The error as one a person can act on."""
    what, do = _meaning(error)
    return RekscanError(what, do)


def is_about_credentials(error: Exception) -> bool:
    """Whether it says nothing of what was asked for: it was met on the way to credentials."""
    return isinstance(error, ClientError) and error.operation_name in _ROLES


def is_network(error: Exception) -> bool:
    """Whether nobody answered, which says nothing of credentials and permissions."""
    return isinstance(error, (*_NETWORK, ProxyConnectionError)) and not isinstance(error, SSLError)


def _meaning(error: Exception) -> tuple[str, str]:
    if is_about_credentials(error):
        return (
            f"the profile's role cannot be assumed: {error}",
            "Allow sts:AssumeRole for the credentials of its source_profile, and let the role trust them.",
        )
    if isinstance(error, _NONE):
        return "no AWS credentials were found", "Run `aws configure`, or choose a --profile."
    if isinstance(error, _SIGN_IN):
        return f"the sign-in has ended: {error}", "Run `aws sso login`."
    if isinstance(error, CredentialRetrievalError):
        return f"no credentials could be had: {error}", "Try the credential_process of the profile by hand."
    if isinstance(error, _CONFIG):
        return f"the AWS configuration does not fit: {error}", "Mend ~/.aws/config, or choose another --profile."
    if isinstance(error, SSLError):
        return (
            f"the certificate of the endpoint is not trusted: {error}",
            "Name the file of your certificate authority in AWS_CA_BUNDLE, or as ca_bundle of the profile.",
        )
    if isinstance(error, ProxyConnectionError):
        return f"the proxy does not answer: {error}", "Check HTTPS_PROXY and NO_PROXY."
    if isinstance(error, _NETWORK):
        return f"cannot reach the endpoint: {error}", "Check the network, --region and --endpoint-url."
    if isinstance(error, ValueError):
        return str(error), "An endpoint is written like https://s3.example.org:9000."
    return f"AWS cannot be asked: {error}", "Check --profile, --region and --endpoint-url."
