namespace Gateway.Configuration.Rules;

/// <summary>The rules of the linter, which <c>run</c> obeys too. Each reads the same topology as the running gateway.</summary>
internal static class ConfigurationRules
{
    private static readonly Action<RuleContext>[] All =
    [
        UrlRules.PublicUrlIsAnOrigin,
        UrlRules.IssuersAreHttps,
        UrlRules.LocalIssuerIsUnderThePublicUrl,
        UrlRules.EndpointsAreHttps,
        IssuerRules.IssuersDiffer,
        IssuerRules.LocalIssuerIsNotTrusted,
        IssuerRules.ServersSayWhomTheyTrust,
        IssuerRules.NamesReferToSomething,
        IssuerRules.SubjectsAreNotConfused,
        IssuerRules.AlikeSubjectsAreQualified,
        IssuerRules.OpaqueTokensHaveOneIssuer,
        AuthorizationServerRules.AlgorithmsAreAsymmetric,
        AuthorizationServerRules.ExtraParametersAreNotOAuths,
        AuthorizationServerRules.LocalIssuerHasKeys,
        AuthorizationServerRules.SomethingIsServed,
        RegistrationRules.FrontsCanServe,
        ClientRules.MethodsHaveTheirCredentials,
        ClientRules.MethodsWorkAtTheProduct,
        ClientRules.ClientsAreThereWhereNeeded,
        PathRules.NamesAreDistinct,
        PathRules.PathsAreCanonical,
        PathRules.PathsAreNotReserved,
        PathRules.PathsAreApart,
        DestinationRules.DestinationsAreUrls,
        DestinationRules.DestinationsAreNotTheGateway,
        DestinationRules.ResourceIsSaidForSeveralDestinations,
        DestinationRules.ResourceIsAnAbsoluteUri,
        DestinationRules.SameTokenStaysOnThisMachine,
        DestinationRules.IdentityStaysOnThisMachine,
        DestinationRules.PlainHttpStaysNear,
        OutboundRules.ModeIsSaid,
        OutboundRules.SettingsBelongToTheMode,
        OutboundRules.WhatAModeNeedsIsThere,
        OutboundRules.BoundResultsCanBeRead,
        AudienceRules.AcceptedAudiencesAreNotShared,
        ShadowRules.AudiencesAreNotShadowed,
        ShadowRules.ClientsAreNoServers,
        AudienceRules.ResultAudiencesAreNotShared,
        AudienceRules.ResultsCannotComeBackIn,
        AudienceRules.AudiencesMeanAServer,
        TextRules.ListsAreNotEmpty,
        TextRules.EntriesAreComplete,
        TextRules.AudiencesIssuersAndScopesHoldNoWhiteSpace,
        OperationRules.OperationsSayOneThing,
        PolicyRules.DecisionPointsCanBeAsked,
        PolicyRules.SubjectsAreToldApart,
        OperationRules.SomethingIsAdvertised,
        HeaderRules.ForwardedHeadersAreNoCredentials,
        HeaderRules.CredentialHeaderCanBeSent,
        HeaderRules.IdentityHeadersAreTheGateways,
        HeaderRules.OriginsAreOrigins,
        TlsRules.TlsSaysSomething,
        StateRules.SharedStateCanBeUsed,
        StateRules.ReplicasKnowTheSame,
        StateRules.SecurityEventsSayWhatTheyAreFor,
        ClusterRules.ClustersAreSafe,
        ClusterRules.YarpAccepts,
        HostRules.ManagementUrlCanBeListenedOn,
        HostRules.ManagementHostsAreNames,
        HostRules.TrustedProxiesAreRanges,
        HostRules.ClientCertificatesComeFromProxies,
        FrameworkRules.EndpointsCanBeListenedOn,
        FrameworkRules.LimitsAreTaken,
        FrameworkRules.LoggingKeysAreKnown,
        FrameworkRules.LogLevelsExist,
        FileRules.FilesAreThere,
        FileRules.SessionKeysAreKeys,
        CertificateRules.CertificatesCanBeServed,
        WeakenedDefaults.AuthorizationServers,
        WeakenedDefaults.Servers,
        WeakenedDefaults.Process,
    ];

    public static void Check(RuleContext context)
    {
        foreach (var rule in All)
        {
            rule(context);
        }
    }
}
