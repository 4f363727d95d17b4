#include "helm-service/domain/chart_repository.h"

#include <variant>

namespace berth::helm {

CredentialKinds CredentialKinds::Of(const HttpCredentials& credentials) {
  return {.basic = std::holds_alternative<BasicCredentials>(credentials.authorization),
          .bearer = std::holds_alternative<BearerToken>(credentials.authorization),
          .client_certificate = !credentials.client_certificate_pem.empty(),
          .certificate_authority = !credentials.ca_pem.empty()};
}

}  // namespace berth::helm
