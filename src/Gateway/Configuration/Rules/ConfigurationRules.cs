namespace Gateway.Configuration.Rules;

/// <summary>The rules of the linter, which <c>run</c> obeys too. Each reads the same topology as the running gateway.</summary>
internal static class ConfigurationRules
{
    private static readonly Action<RuleContext>[] All =
    [
        UrlRules.PublicUrlIsAnOrigin,
        UrlRules.PublicUrlIsListenedTo,
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
        AuthorizationServerRules.InboundSettingsHaveAnEffect,
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
        DestinationRules.UncheckedServersStayOnThisMachine,
        DestinationRules.PlainHttpStaysNear,
        OutboundRules.ModeIsSaid,
        OutboundRules.SettingsBelongToTheMode,
        OutboundRules.WhatAModeNeedsIsThere,
        OutboundRules.BoundResultsCanBeRead,
        OutboundRules.NamesHaveAnEffect,
        AudienceRules.AcceptedAudiencesAreNotShared,
        ShadowRules.AudiencesAreNotShadowed,
        ShadowRules.ClientsAreNoServers,
        AudienceRules.ResultAudiencesAreNotShared,
        AudienceRules.ResultsCannotComeBackIn,
        AudienceRules.AudiencesMeanAServer,
        TextRules.ListsAreNotEmpty,
        TextRules.EntriesAreComplete,
        TextRules.NamesAreNoPatterns,
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
        FrameworkRules.OptionsCanBeListenedOn,
        FrameworkRules.LimitsAreTaken,
        FrameworkRules.AllowedHostsAreNames,
        LoggingRules.KeysAreKnown,
        LoggingRules.LogLevelsExist,
        LoggingRules.ValuesAreTaken,
        FileRules.FilesAreThere,
        FileRules.SessionKeysAreKeys,
        KeyRules.SigningKeysCanSign,
        KeyRules.SenderKeyCanSign,
        FileContentRules.FilesHoldWhatTheyAreFor,
        CertificateRules.HttpsHasACertificate,
        CertificateRules.CertificatesCanBeServed,
        WeakenedDefaults.AuthorizationServers,
        WeakenedDefaults.Servers,
        WeakenedDefaults.Process,
    ];

    public static void Check(RuleContext context) => Check(context, All);

    /// <summary><c>unexpected</c>: a rule that fails has found nothing out, so that nothing starts with what it was to judge.</summary>
    internal static void Check(RuleContext context, IEnumerable<Action<RuleContext>> rules)
    {
        foreach (var rule in rules)
        {
            try
            {
                rule(context);
            }
            catch (Exception bug)
            {
                // Its text may quote what is configured, be it a secret.
                context.Error("unexpected", "", $"The rule {rule.Method.DeclaringType?.Name}.{rule.Method.Name} failed ({bug.GetType().Name}), which is a bug of the gateway; report it with the value that it does not bear, and write another one meanwhile.");
            }
        }
    }
}
