#include "helm-service/transport/chart_mapping.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace berth::helm {
namespace {

constexpr std::size_t kKibibyte = 1024;

bool IsPrintable(unsigned char c) { return c >= 0x20 && c != 0x7f; }

// What goes into a header is one line of it.
void CheckText(const std::string& text, std::size_t longest, const std::string& field,
               FieldViolations& violations) {
  if (text.empty()) violations.Add(field, "must not be empty");
  if (text.size() > longest) {
    violations.Add(field, fmt::format("must be at most {} KiB", longest / kKibibyte));
  }
  if (!std::all_of(text.begin(), text.end(), IsPrintable)) {
    violations.Add(field, "must not hold control characters");
  }
}

void CheckPem(const std::string& text, std::string_view label, std::size_t longest,
              const std::string& field, FieldViolations& violations) {
  if (text.size() > longest) {
    violations.Add(field, fmt::format("must be at most {} KiB", longest / kKibibyte));
  }
  if (text.find("-----BEGIN ") == std::string::npos ||
      text.find(fmt::format("{}-----", label)) == std::string::npos ||
      text.find('\0') != std::string::npos) {
    violations.Add(field, fmt::format("must be PEM with a {}", label));
  }
  if (text.find("ENCRYPTED") != std::string::npos) {
    violations.Add(field, "must not need a passphrase");
  }
}

}  // namespace

v1::ChartRepository ToProto(const ChartRepository& repository, const CredentialKinds& kinds) {
  v1::ChartRepository proto;
  proto.set_name(repository.name.value());
  proto.set_uid(repository.uid);
  proto.set_etag(repository.etag());
  proto.set_type(repository.type() == RepositoryType::kOci ? v1::ChartRepository::TYPE_OCI
                                                           : v1::ChartRepository::TYPE_HTTP);
  proto.set_url(repository.url.ToString());
  proto.set_pass_credentials(repository.pass_credentials);
  proto.mutable_credentials()->set_basic(kinds.basic);
  proto.mutable_credentials()->set_bearer(kinds.bearer);
  proto.mutable_credentials()->set_client_certificate(kinds.client_certificate);
  proto.mutable_credentials()->set_certificate_authority(kinds.certificate_authority);
  v1::RefreshState& state = *proto.mutable_state();
  state.set_ready(repository.state.ready.value_or(false));
  state.set_reason(repository.state.reason);
  state.set_message(repository.state.message);
  if (repository.state.time.has_value()) {
    *state.mutable_refresh_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
        repository.state.time->time_since_epoch().count());
  }
  state.set_chart_count(repository.state.charts);
  state.set_version_count(repository.state.versions);
  return proto;
}

v1::ChartVersion ToProto(const std::string& repository, std::string_view chart,
                         const IndexedVersion& version) {
  v1::ChartVersion proto;
  proto.set_repository(repository);
  proto.set_chart(std::string(chart));
  proto.set_version(std::string(version.version));
  proto.set_app_version(std::string(version.app_version));
  proto.set_description(std::string(version.description));
  proto.set_deprecated(version.deprecated);
  proto.set_digest(std::string(version.digest));
  for (std::string_view rest = version.keywords; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) proto.add_keywords(std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  google::protobuf::Timestamp created;
  if (google::protobuf::util::TimeUtil::FromString(std::string(version.created), &created)) {
    *proto.mutable_create_time() = std::move(created);
  }
  return proto;
}

RepositoryCredentials ToCredentials(const v1::RepositoryCredentials& proto, std::string_view field,
                                    FieldViolations& violations) {
  const auto path = [&](std::string_view name) { return fmt::format("{}.{}", field, name); };
  RepositoryCredentials credentials{.pass_to_other_hosts = proto.pass_to_other_hosts()};
  switch (proto.login_case()) {
    case v1::RepositoryCredentials::kBasic:
      CheckText(proto.basic().username(), kKibibyte, path("basic.username"), violations);
      CheckText(proto.basic().password(), 16 * kKibibyte, path("basic.password"), violations);
      if (proto.basic().username().find(':') != std::string::npos) {
        violations.Add(path("basic.username"), "must not hold a ':'");
      }
      credentials.http.authorization = BasicCredentials{.username = proto.basic().username(),
                                                        .password = proto.basic().password()};
      break;
    case v1::RepositoryCredentials::kBearerToken:
      CheckText(proto.bearer_token(), 16 * kKibibyte, path("bearer_token"), violations);
      if (!std::all_of(proto.bearer_token().begin(), proto.bearer_token().end(),
                       [](char c) { return c > ' ' && c < 0x7f; })) {
        violations.Add(path("bearer_token"), "must be printable ASCII without spaces");
      }
      credentials.http.authorization = BearerToken{proto.bearer_token()};
      break;
    case v1::RepositoryCredentials::LOGIN_NOT_SET:
      break;
  }
  if (proto.has_client_certificate()) {
    const v1::ClientCertificate& certificate = proto.client_certificate();
    CheckPem(certificate.certificates(), "CERTIFICATE", 256 * kKibibyte,
             path("client_certificate.certificates"), violations);
    CheckPem(certificate.key(), "PRIVATE KEY", 64 * kKibibyte, path("client_certificate.key"),
             violations);
    credentials.http.client_certificate_pem = certificate.certificates();
    credentials.http.client_key_pem = certificate.key();
  }
  if (!proto.certificate_authorities().empty()) {
    CheckPem(proto.certificate_authorities(), "CERTIFICATE", 256 * kKibibyte,
             path("certificate_authorities"), violations);
    credentials.http.ca_pem = proto.certificate_authorities();
  }
  return credentials;
}

absl::StatusOr<RepositoryName> ToRepositoryName(std::string_view field, const std::string& text) {
  absl::StatusOr<RepositoryName> name = RepositoryName::Parse(text);
  if (!name.ok()) return InvalidField(field, std::string(name.status().message()));
  return name;
}

absl::StatusOr<ChartName> ToChartName(std::string_view field, const std::string& text) {
  absl::StatusOr<ChartName> name = ChartName::Parse(text);
  if (!name.ok()) return InvalidField(field, std::string(name.status().message()));
  return name;
}

}  // namespace berth::helm
