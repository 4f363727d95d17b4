#include "helm-service/adapters/kube_chart_repository_store.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <random>
#include <variant>

#include "absl/strings/escaping.h"
#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/time.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::helm {
namespace {

using kube::Json;

// Marks the Secrets that Berth wrote for a repository, with its name.
constexpr std::string_view kRepositoryLabel = "berth.dev/chart-repository";
constexpr std::string_view kReady = "Ready";
// A status that is written in between costs one more try.
constexpr int kTries = 5;

absl::Status NotFound(const RepositoryName& name) {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CHART_REPOSITORY_NOT_FOUND,
               fmt::format("there is no chart repository \"{}\"", name.value()));
}

absl::Status Changed(const RepositoryName& name) {
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_CHART_REPOSITORY_CHANGED,
               fmt::format("chart repository \"{}\" has changed: read it again", name.value()));
}

std::string Etag(const Json& object) {
  return kube::Uid(object) + "." + std::to_string(kube::Generation(object));
}

std::string SecretOf(const Json& object) {
  return kube::StringAt(object, {"spec", "secretRef", "name"});
}

RefreshState ReadState(const Json& object) {
  RefreshState state;
  if (const auto ready = kube::GetCondition(object, kReady); ready.has_value()) {
    state.ready = ready->status == kube::ConditionStatus::kTrue;
    state.reason = ready->reason;
    state.message = ready->message;
  }
  const auto time = kube::ParseTime(kube::StringAt(object, {"status", "lastRefreshTime"}));
  if (time.ok()) state.time = *time;
  state.etag = kube::StringAt(object, {"status", "etag"});
  state.charts = kube::IntAt(object, {"status", "chartCount"}).value_or(0);
  state.versions = kube::IntAt(object, {"status", "versionCount"}).value_or(0);
  return state;
}

absl::StatusOr<ChartRepository> ReadRepository(const Json& object) {
  ASSIGN_OR_RETURN(RepositoryName name, RepositoryName::Parse(kube::Name(object)));
  absl::StatusOr<SourceUrl> url = SourceUrl::Parse(kube::StringAt(object, {"spec", "url"}));
  if (!url.ok()) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE,
                 fmt::format("the URL of chart repository \"{}\" {}", name.value(),
                             std::string(url.status().message())));
  }
  const Json& pass = kube::At(object, {"spec", "passCredentials"});
  return ChartRepository{.name = std::move(name),
                         .uid = kube::Uid(object),
                         .generation = kube::Generation(object),
                         .url = *std::move(url),
                         .secret = SecretOf(object),
                         .pass_credentials = pass.is_boolean() && pass.get<bool>(),
                         .state = ReadState(object)};
}

bool IsEmpty(const HttpCredentials& credentials) {
  return std::holds_alternative<std::monostate>(credentials.authorization) &&
         credentials.client_certificate_pem.empty() && credentials.ca_pem.empty();
}

void WriteUrl(Json& object, const SourceUrl& url) {
  object["spec"]["url"] = url.ToString();
  object["spec"]["type"] = url.scheme() == "oci" ? "OCI" : "HTTP";
}

// Names the Secret that the credentials are to be in, if there are any.
void WriteSecretName(Json& object, const RepositoryCredentials& credentials,
                     const std::string& secret) {
  object["spec"]["passCredentials"] = credentials.pass_to_other_hosts;
  if (IsEmpty(credentials.http)) {
    object["spec"].erase("secretRef");
  } else {
    object["spec"]["secretRef"] = {{"name", secret}};
  }
}

std::string NewSecretName(const RepositoryName& name) {
  std::random_device random;
  return fmt::format("chart-repository-{}-{:08x}{:08x}", name.value(), random(), random());
}

Json SecretData(const HttpCredentials& credentials) {
  Json data = Json::object();
  if (const auto* basic = std::get_if<BasicCredentials>(&credentials.authorization)) {
    data["username"] = basic->username;
    data["password"] = basic->password;
  }
  if (const auto* bearer = std::get_if<BearerToken>(&credentials.authorization)) {
    data["token"] = bearer->token;
  }
  if (!credentials.client_certificate_pem.empty()) {
    data["tls.crt"] = credentials.client_certificate_pem;
    data["tls.key"] = credentials.client_key_pem;
  }
  if (!credentials.ca_pem.empty()) data["ca.crt"] = credentials.ca_pem;
  return data;
}

std::string Decoded(const Json& secret, std::string_view key) {
  std::string decoded;
  absl::Base64Unescape(kube::StringAt(secret, {"data", key}), &decoded);
  return decoded;
}

absl::Status Unusable(const ChartRepository& repository, std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_SOURCE_DENIED,
               fmt::format("Secret \"{}\" with its credentials {}", repository.secret, why));
}

kube::Effect ToKube(RepositoryEffect effect) {
  return effect == RepositoryEffect::kApply ? kube::Effect::kApply : kube::Effect::kDryRun;
}

}  // namespace

absl::StatusOr<std::vector<ChartRepository>> KubeChartRepositoryStore::List() {
  ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(kube::kChartRepositories, ns_));
  std::vector<ChartRepository> repositories;
  for (const Json& object : list.items) {
    absl::StatusOr<ChartRepository> repository = ReadRepository(object);
    if (repository.ok()) repositories.push_back(*std::move(repository));
  }
  return repositories;
}

absl::StatusOr<ChartRepository> KubeChartRepositoryStore::Get(const RepositoryName& name) {
  ASSIGN_OR_RETURN(const Json object, Read(name));
  return ReadRepository(object);
}

absl::StatusOr<HttpCredentials> KubeChartRepositoryStore::ReadCredentials(
    const ChartRepository& repository) {
  if (repository.secret.empty()) return HttpCredentials{};
  const absl::StatusOr<Json> secret =
      client_.Get(kube::kSecrets, {.ns = ns_, .name = repository.secret});
  if (kube::IsNotFound(secret.status())) {
    return Unusable(repository, "does not exist: set the credentials again");
  }
  RETURN_IF_ERROR(secret.status());
  HttpCredentials credentials{.client_certificate_pem = Decoded(*secret, "tls.crt"),
                              .client_key_pem = Decoded(*secret, "tls.key"),
                              .ca_pem = Decoded(*secret, "ca.crt")};
  const std::string username = Decoded(*secret, "username");
  const std::string token = Decoded(*secret, "token");
  if (!token.empty()) {
    credentials.authorization = BearerToken{token};
  } else if (!username.empty()) {
    credentials.authorization =
        BasicCredentials{.username = username, .password = Decoded(*secret, "password")};
  }
  if (credentials.client_certificate_pem.empty() != credentials.client_key_pem.empty()) {
    return Unusable(repository, "has only one of tls.crt and tls.key");
  }
  if (IsEmpty(credentials)) {
    return Unusable(repository, "has none of username, token, tls.crt and ca.crt");
  }
  return credentials;
}

absl::Status KubeChartRepositoryStore::WriteState(const ChartRepository& repository,
                                                  const RefreshState& state) {
  ASSIGN_OR_RETURN(Json object, Read(repository.name));
  if (Etag(object) != repository.etag()) return absl::OkStatus();
  Json& status = object["status"];
  if (state.time.has_value()) status["lastRefreshTime"] = kube::FormatTime(*state.time);
  status["etag"] = state.etag;
  status["chartCount"] = state.charts;
  status["versionCount"] = state.versions;
  const auto now =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  kube::SetCondition(object,
                     {.type = std::string(kReady),
                      .status = state.ready.value_or(false) ? kube::ConditionStatus::kTrue
                                                            : kube::ConditionStatus::kFalse,
                      .reason = state.reason,
                      .message = state.message,
                      .observed_generation = repository.generation},
                     now);
  const absl::Status written = client_.UpdateStatus(kube::kChartRepositories, object).status();
  // Another replica has just written its own, or the repository has changed.
  return kube::IsConflict(written) || kube::IsNotFound(written) ? absl::OkStatus() : written;
}

absl::StatusOr<ChartRepository> KubeChartRepositoryStore::Create(
    const RepositoryName& name, const SourceUrl& url, const RepositoryCredentials& credentials,
    RepositoryEffect effect) {
  const std::string secret = NewSecretName(name);
  Json object = kube::NewObject(kube::kChartRepositories, {.ns = ns_, .name = name.value()});
  WriteUrl(object, url);
  WriteSecretName(object, credentials, secret);
  absl::StatusOr<Json> created =
      client_.Create(kube::kChartRepositories, object, {.effect = ToKube(effect)});
  if (kube::IsAlreadyExists(created.status())) {
    // An answer that was lost may have been the creation's own.
    const bool repeated = kube::MayHaveBeenApplied(created.status());
    created = Read(name);
    RETURN_IF_ERROR(created.status());
    if (!repeated || kube::At(*created, {"spec"}) != object["spec"]) {
      return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_CHART_REPOSITORY_EXISTS,
                   fmt::format("there is a chart repository \"{}\" already", name.value()));
    }
  }
  RETURN_IF_ERROR(created.status());
  if (effect == RepositoryEffect::kApply) {
    if (absl::Status status = CreateSecret(*created, SecretOf(*created), credentials.http);
        !status.ok()) {
      client_
          .Delete(kube::kChartRepositories, {.ns = ns_, .name = name.value()},
                  {.uid = kube::Uid(*created)})
          .IgnoreError();
      return status;
    }
  }
  return ReadRepository(*created);
}

absl::StatusOr<ChartRepository> KubeChartRepositoryStore::Update(const RepositoryName& name,
                                                                 const RepositoryChange& change,
                                                                 RepositoryEffect effect) {
  ASSIGN_OR_RETURN(Json object, ReadUnchanged(name, change.etag));
  const std::string uid = kube::Uid(object);
  const std::string secret = NewSecretName(name);
  if (change.credentials.has_value() && effect == RepositoryEffect::kApply) {
    const std::string named = IsEmpty(change.credentials->http) ? "" : secret;
    RETURN_IF_ERROR(CreateSecret(object, named, change.credentials->http));
  }
  std::string before = SecretOf(object);
  absl::StatusOr<Json> updated = Changed(name);
  for (int i = 0; i < kTries && absl::IsAborted(updated.status()); ++i) {
    if (i > 0) {
      absl::StatusOr<Json> again = ReadUnchanged(name, change.etag);
      if (!again.ok() || kube::Uid(*again) != uid) {
        updated = again.ok() ? Changed(name) : again.status();
        break;
      }
      object = *std::move(again);
      before = SecretOf(object);
    }
    if (change.url.has_value()) WriteUrl(object, *change.url);
    if (change.credentials.has_value()) WriteSecretName(object, *change.credentials, secret);
    updated = client_.Update(kube::kChartRepositories, object, {.effect = ToKube(effect)});
  }
  if (effect == RepositoryEffect::kApply && change.credentials.has_value()) {
    // If the answer was lost, the repository itself knows which of the two it names.
    const absl::StatusOr<Json> now = updated.ok() ? updated : Read(name);
    const std::string needless = now.ok() && SecretOf(*now) == before ? secret : before;
    if (now.ok() && !needless.empty()) DeleteSecrets(name, uid, needless);
  }
  if (kube::IsConflict(updated.status())) return Changed(name);
  RETURN_IF_ERROR(updated.status());
  return ReadRepository(*updated);
}

absl::Status KubeChartRepositoryStore::Delete(const RepositoryName& name, const std::string& etag,
                                              RepositoryEffect effect) {
  absl::Status deleted = Changed(name);
  std::string uid;
  for (int i = 0; i < kTries && absl::IsAborted(deleted); ++i) {
    ASSIGN_OR_RETURN(const Json object, ReadUnchanged(name, etag));
    uid = kube::Uid(object);
    deleted = client_.Delete(kube::kChartRepositories, kube::NameOf(object),
                             {.uid = uid, .resource_version = kube::ResourceVersion(object)},
                             {.effect = ToKube(effect)});
  }
  if (kube::IsConflict(deleted)) return Changed(name);
  const bool gone = kube::IsNotFound(deleted) && kube::MayHaveBeenApplied(deleted);
  if (kube::IsNotFound(deleted) && !gone) return NotFound(name);
  if (!gone) RETURN_IF_ERROR(deleted);
  // The garbage collector would do it too, some time later.
  if (effect == RepositoryEffect::kApply) DeleteSecrets(name, uid, "");
  return absl::OkStatus();
}

absl::StatusOr<Json> KubeChartRepositoryStore::Read(const RepositoryName& name) {
  absl::StatusOr<Json> object =
      client_.Get(kube::kChartRepositories, {.ns = ns_, .name = name.value()});
  if (kube::IsNotFound(object.status())) return NotFound(name);
  return object;
}

absl::StatusOr<Json> KubeChartRepositoryStore::ReadUnchanged(const RepositoryName& name,
                                                             const std::string& etag) {
  ASSIGN_OR_RETURN(Json object, Read(name));
  if (!etag.empty() && Etag(object) != etag) return Changed(name);
  return object;
}

// Nothing if `secret` is empty: then there are no credentials.
absl::Status KubeChartRepositoryStore::CreateSecret(const Json& owner, const std::string& secret,
                                                    const HttpCredentials& credentials) {
  if (secret.empty()) return absl::OkStatus();
  Json object = kube::NewObject(kube::kSecrets, {.ns = ns_, .name = secret});
  kube::SetLabel(object, kRepositoryLabel, kube::Name(owner));
  object["metadata"]["ownerReferences"] =
      Json::array({kube::OwnerReference(kube::kChartRepositories, owner)});
  object["immutable"] = true;
  object["stringData"] = SecretData(credentials);
  const absl::Status created = client_.Create(kube::kSecrets, object).status();
  const bool ours = kube::IsAlreadyExists(created) && kube::MayHaveBeenApplied(created);
  return ours ? absl::OkStatus() : created;
}

// Deletes `secret` if Berth wrote it for the repository of this uid; if empty, all of that one's.
// What stays is not lost: its owner's end is its end.
void KubeChartRepositoryStore::DeleteSecrets(const RepositoryName& name, const std::string& uid,
                                             const std::string& secret) {
  const absl::StatusOr<kube::ObjectList> list =
      client_.List(kube::kSecrets, ns_,
                   {.label_selector = fmt::format("{}={}", kRepositoryLabel, name.value()),
                    .form = kube::Form::kMetadata});
  if (!list.ok()) {
    log::Warning("old credentials not deleted",
                 {{"repository", name.value()}, {"error", Describe(list.status())}});
    return;
  }
  for (const Json& item : list->items) {
    const Json& owners = kube::At(item, {"metadata", "ownerReferences"});
    const bool owned =
        owners.is_array() && !owners.empty() && kube::StringAt(owners.front(), {"uid"}) == uid;
    if (!owned || (!secret.empty() && kube::Name(item) != secret)) continue;
    const absl::Status deleted =
        client_.Delete(kube::kSecrets, kube::NameOf(item), {.uid = kube::Uid(item)});
    if (!deleted.ok() && !kube::IsNotFound(deleted)) {
      log::Warning("old credentials not deleted",
                   {{"repository", name.value()}, {"error", Describe(deleted)}});
    }
  }
}

}  // namespace berth::helm
