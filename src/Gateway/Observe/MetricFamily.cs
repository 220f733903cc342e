using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Gateway.Observe;

/// <summary>One instrument as Prometheus sees it: a name, a type, and a series for each combination of tags.</summary>
internal sealed class MetricFamily
{
    /// <summary>Tags come from the configuration; should one ever come from elsewhere, it does not fill the memory.</summary>
    internal const int MaxSeries = 2000;

    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Series>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly string _help;
    private readonly string _type;
    private readonly double[]? _bounds;
    private readonly bool _absolute;

    public MetricFamily(Instrument instrument)
    {
        _lookup = _series.GetAlternateLookup<ReadOnlySpan<char>>();
        _help = (instrument.Description ?? "").Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        var kind = instrument.GetType().GetGenericTypeDefinition();
        _absolute = instrument.IsObservable || kind == typeof(Gauge<>);
        (_type, var suffix) = kind == typeof(Histogram<>) ? ("histogram", "")
            : kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? ("counter", "_total")
            : ("gauge", "");
        if (_type == "histogram")
        {
            _bounds = [.. (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? GatewayMetrics.Buckets];
        }

        Name = instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : "") + suffix;
    }

    public string Name { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new LabelWriter(stackalloc char[256]);
        foreach (var (name, tag) in tags)
        {
            labels.Add(name, tag);
        }

        if (!_lookup.TryGetValue(labels.Written, out var series))
        {
            var key = _series.Count < MaxSeries ? labels.Written.ToString() : "overflow=\"true\"";
            series = _series.GetOrAdd(key, _ => new Series(_bounds));
        }

        series.Record(value, _absolute);
    }

    public void Write(StringBuilder text)
    {
        text.Append("# HELP ").Append(Name).Append(' ').Append(_help).Append('\n');
        text.Append("# TYPE ").Append(Name).Append(' ').Append(_type).Append('\n');
        foreach (var (labels, series) in _series.OrderBy(series => series.Key, StringComparer.Ordinal))
        {
            series.Write(text, Name, labels);
        }
    }

    private sealed class Series(double[]? bounds)
    {
        private readonly Lock _lock = new();
        private readonly long[] _buckets = new long[(bounds?.Length ?? 0) + 1];
        private double _value;

        public void Record(double value, bool absolute)
        {
            lock (_lock)
            {
                _value = absolute ? value : _value + value;
                _buckets[bounds is null ? 0 : BucketOf(value, bounds)]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels)
        {
            lock (_lock)
            {
                if (bounds is null)
                {
                    Line(text, name, labels, _value);
                    return;
                }

                var count = 0L;
                for (var i = 0; i <= bounds.Length; i++)
                {
                    count += _buckets[i];
                    var bound = i < bounds.Length ? Number(bounds[i]) : "+Inf";
                    Line(text, name + "_bucket", $"{labels}{(labels.Length == 0 ? "" : ",")}le=\"{bound}\"", count);
                }

                Line(text, name + "_sum", labels, _value);
                Line(text, name + "_count", labels, count);
            }
        }

        private static int BucketOf(double value, double[] bounds)
        {
            var index = Array.BinarySearch(bounds, value);
            return index >= 0 ? index : ~index;
        }

        private static void Line(StringBuilder text, string name, string labels, double value)
        {
            text.Append(name);
            if (labels.Length > 0)
            {
                text.Append('{').Append(labels).Append('}');
            }

            text.Append(' ').Append(Number(value)).Append('\n');
        }

        private static string Number(double value) => value switch
        {
            double.PositiveInfinity => "+Inf",
            double.NegativeInfinity => "-Inf",
            _ => value.ToString("R", CultureInfo.InvariantCulture),
        };
    }
}
